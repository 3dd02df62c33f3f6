/** Plotly has no types of its own, so that its exports are checked where it is loaded. */
declare module 'plotly.js-basic-dist-min' {
  const plotly: unknown;
  export default plotly;
}
