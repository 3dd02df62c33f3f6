/** Whether formats below INT8 and sparse weights would pay. */
const en = {
  'answers.pays': '{variant} would pay here: {latency} at batch {batch} on {device}, {speed} {other} ({otherLatency}).',
  'answers.equal':
    '{variant} wins nothing here: {latency} at batch {batch} on {device}, {speed} {other} ({otherLatency}).',
  'answers.slower':
    '{variant} does not pay here: {latency} at batch {batch} on {device}, {speed} {other} ({otherLatency}).',
  'answers.speed.faster': '{factor}x faster than',
  'answers.speed.slower': '{factor}x slower than',
  'answers.speed.same': 'as fast as',
  'answers.overDense': 'It is {speed} {dense}, whose pruned copy it is.',
  'answers.cost': 'Its {measure} is {value}, {difference} against {other}.',
  'answers.noCost': 'Its accuracy was not measured.',
  'answers.limits': 'Other batch sizes and devices were not measured.',
  'answers.notTimed': '{variant} was judged, but not timed.',
  'answers.notTimedBecause': '{variant} was judged, but not timed: {reason}.',
  'answers.refused': '{variant} was not measured: {reason}.',
};

const zh: Record<keyof typeof en, string> = {
  'answers.pays':
    '{variant} 在此处划算：{device} 上批大小 {batch} 时 {latency}，{speed}（{other} 为 {otherLatency}）。',
  'answers.equal':
    '{variant} 在此处没有收益：{device} 上批大小 {batch} 时 {latency}，{speed}（{other} 为 {otherLatency}）。',
  'answers.slower':
    '{variant} 在此处不划算：{device} 上批大小 {batch} 时 {latency}，{speed}（{other} 为 {otherLatency}）。',
  'answers.speed.faster': '快 {factor} 倍',
  'answers.speed.slower': '慢 {factor} 倍',
  'answers.speed.same': '速度相同',
  'answers.overDense': '与未剪枝的 {dense} 相比：{speed}。',
  'answers.cost': '{measure} 为 {value}，相对 {other} {difference}。',
  'answers.noCost': '未测量准确率。',
  'answers.limits': '未测量其他批大小和其他设备。',
  'answers.notTimed': '{variant} 已验证准确率，未计时。',
  'answers.notTimedBecause': '{variant} 已验证准确率，未计时：{reason}。',
  'answers.refused': '{variant} 未测量：{reason}。',
};

export default { en, zh };
