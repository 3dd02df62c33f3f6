import { paletteDeclarations } from '../../../src-shared/domain/palette';

/**
 * The page's style sheet: dense, calm, tabular figures; dark and light by the reader's setting. Precisions, methods and
 * groups have the colours of the screens.
 */
export const STYLE = `
:root{color-scheme:light dark;
--bg:#fff;--panel:#f6f7f8;--line:#dfe2e6;--text:#1b1f24;--dim:#616a75;--accent:#0072b2;
--good:#00724f;--bad:#b3261e;--good-bg:#e5f4ee;--bad-bg:#fbeae8;--warn-bg:#fdf4df;
--area:#c9d3de;--area-line:#7d8b9a;${paletteDeclarations('light')}}
@media (prefers-color-scheme:dark){:root{
--bg:#14171b;--panel:#1b1f24;--line:#30363d;--text:#e3e7eb;--dim:#99a3ae;--accent:#56b4e9;
--good:#4cc79b;--bad:#ff8a80;--good-bg:#12302a;--bad-bg:#3a1d1c;--warn-bg:#332a14;
--area:#36414d;--area-line:#7f8d9c;${paletteDeclarations('dark')}}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:13px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
main{max-width:1240px;margin:0 auto;padding:24px 24px 48px}
h1{font-size:20px;line-height:28px;font-weight:600;margin:0}
h2{font-size:15px;line-height:20px;font-weight:600;margin:32px 0 8px}
h3{font-size:13px;font-weight:600;margin:16px 0 4px}
p{margin:4px 0;max-width:112ch}
.dim,caption,figcaption small{color:var(--dim)}
.meta{color:var(--dim);margin-top:4px}
.verdict{margin:16px 0 0;padding:12px 16px;border-left:4px solid var(--dim);background:var(--panel);font-size:15px;line-height:22px;max-width:none}
.verdict.good{border-color:var(--good);background:var(--good-bg)}.verdict.bad{border-color:var(--bad);background:var(--bad-bg)}
.verdict small{display:block;font-size:13px;line-height:18px;color:var(--dim)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
table.tight{width:auto}table.tight td:first-child{min-width:180px}
th,td{text-align:left;padding:4px 12px 4px 0;border-bottom:1px solid var(--line);vertical-align:baseline;white-space:nowrap}
th{font-weight:500;color:var(--dim);line-height:16px}
td.wrap{white-space:normal}
.n{text-align:right}
td.n+td:not(.n),th.n+th:not(.n){padding-left:12px}
th:last-child,td:last-child{padding-right:0}
tr.shipped td:first-child{box-shadow:inset 3px 0 var(--accent)}
tr td:first-child,tr th:first-child{padding-left:8px}
td b,.best{font-weight:650}
td small{color:var(--dim);font-size:12px;font-weight:400}
table.close th,table.close td{padding-right:8px}table.close td.n+td.n,table.close th.n+th.n{padding-left:4px}
.ok{color:var(--good);font-weight:600}.no{color:var(--bad);font-weight:600}.open{color:var(--dim);font-weight:600}
.tag{display:inline-block;min-width:22px;padding:0 4px;border-radius:3px;font-size:11px;line-height:16px;text-align:center;font-weight:600;color:var(--bg);margin-right:4px}
.cols{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:0 32px;align-items:start}
.cols>*{min-width:0}
.multiples{display:grid;grid-template-columns:repeat(auto-fill,minmax(360px,1fr));gap:16px}
figure{margin:0;padding:8px 12px 4px;background:var(--panel);border:1px solid var(--line);border-radius:4px;min-width:0}
figcaption{line-height:18px}
figcaption b{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-weight:600}
figure table{font-size:12px}figure th,figure td{padding:1px 8px 1px 0;border-bottom:0;line-height:17px}
figure tr td:first-child,figure tr th:first-child{padding-left:0}
tr.chosen td{font-weight:650}
svg{display:block;max-width:100%;height:auto}
svg text{font-size:11px;fill:var(--dim)}svg text.v{fill:var(--text)}svg text.letter{font-weight:700}
code,pre{font:12px/18px ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
pre{background:var(--panel);border:1px solid var(--line);border-radius:4px;padding:8px 12px;overflow-x:auto;margin:8px 0;white-space:pre-wrap;overflow-wrap:anywhere}
.hash{overflow-wrap:anywhere;white-space:normal;color:var(--dim);font-size:12px}
ul.warnings{list-style:none;margin:12px 0 0;padding:0}ul.warnings li{padding:4px 12px;background:var(--warn-bg);margin-bottom:2px}
details{margin:8px 0}summary{cursor:pointer;color:var(--dim)}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;margin:4px 0 8px;color:var(--dim)}
.legend span::before{content:"";display:inline-block;width:10px;height:10px;margin-right:5px;background:var(--c);vertical-align:-1px}
@media print{main{max-width:none;padding:0}figure,tr{break-inside:avoid}}
@media (max-width:520px){main{padding:12px}.cols,.multiples{grid-template-columns:1fr}}
`;
