// @vitest-environment jsdom
import { expect, it, vi } from 'vitest';
import { rememberPage } from '../../support/page-state';

it('puts back what a file of tests changed in the page', () => {
  const address = location.href;
  const { scrollTo } = Element.prototype;
  const restore = rememberPage();
  const heard = vi.fn();
  window.addEventListener('hashchange', heard);
  history.pushState(null, '', '#/results');
  localStorage.setItem('calib.view', '{}');
  sessionStorage.setItem('calib.view', '{}');
  document.head.append(document.createElement('style'));
  document.body.append('left');
  document.documentElement.lang = 'zh-CN';
  Element.prototype.scrollTo = vi.fn();
  Object.defineProperty(document, 'hidden', { value: true, configurable: true });
  Reflect.set(window, 'Notification', heard);
  restore();
  window.dispatchEvent(new Event('hashchange'));
  expect(heard).not.toHaveBeenCalled();
  expect(location.href).toBe(address);
  expect([localStorage.length, sessionStorage.length]).toEqual([0, 0]);
  expect(document.documentElement.outerHTML).toBe('<html><head></head><body></body></html>');
  expect(Element.prototype.scrollTo).toBe(scrollTo);
  expect(document.hidden).toBe(false);
  expect('Notification' in window).toBe(false);
});
