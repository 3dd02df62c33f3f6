/** Plotly brings no types of its own: what it gives is checked where it is loaded. */
declare module 'plotly.js-basic-dist-min' {
  const plotly: unknown;
  export default plotly;
}
