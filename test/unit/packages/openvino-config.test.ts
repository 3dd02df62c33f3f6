import { expect, it } from 'vitest';
import { withOpenvinoModel } from '../../../src-main/packages/openvino-config';

it('keeps the other models of a configuration', () => {
  const first = withOpenvinoModel(null, 'a');
  const both = withOpenvinoModel(first, 'b');
  const names = (text: string): unknown =>
    (JSON.parse(text) as { model_config_list: { config: object }[] }).model_config_list.map(({ config }) => config);
  expect(names(both)).toMatchObject([
    { name: 'a', base_path: '/models/a' },
    { name: 'b', base_path: '/models/b' },
  ]);
  expect(names(withOpenvinoModel(both, 'a'))).toMatchObject([{ name: 'b' }, { name: 'a' }]);
  expect(() => withOpenvinoModel('{"x":1}', 'a')).toThrow(/no configuration of OpenVINO Model Server/);
  expect(() => withOpenvinoModel('{', 'a')).toThrow(/no configuration of OpenVINO Model Server/);
});
