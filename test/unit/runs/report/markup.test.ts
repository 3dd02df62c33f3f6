import { describe, expect, it } from 'vitest';
import { escapeHtml, html, px } from '../../../../src-main/runs/report/markup';

describe('html', () => {
  it('escapes values, keeps markup, joins arrays and drops what is absent', () => {
    const inner = html`<b>${'<&"\''}</b>`;
    expect(html`<p title="${'a"b'}">${inner}${[1, 'x<']}${null}${undefined}${false}</p>`.markup).toBe(
      '<p title="a&quot;b"><b>&lt;&amp;&quot;&#39;</b>1x&lt;</p>',
    );
  });

  it('replaces control characters but not line breaks', () => {
    expect(escapeHtml('a\0b\u001bc\nd\te')).toBe('a\ufffdb\ufffdc\nd\te');
  });
});

describe('px', () => {
  it('has at most two decimals', () => {
    expect([px(1 / 3), px(2), px(0.005)]).toEqual(['0.33', '2', '0.01']);
  });
});
