#include "cli/report_page.h"

const char *const report_page_style[] = {
    ":root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1b1f24;--dim:#59636e;--rule:#dfe3e8;",
    "--pass:#1a7f37;--fail:#c4232b;--warn:#8a5a00;--skip:#7d8590;--track:#eaedf1;--culprit:#ffe9e7}",
    "@media (prefers-color-scheme:dark){:root{--page:#0f1318;--card:#171c23;--ink:#e3e8ee;--dim:#98a3b0;--rule:#2b323c;",
    "--pass:#4ac26b;--fail:#ff7b72;--warn:#e3b341;--skip:#7d8896;--track:#232a33;--culprit:#46201f}}",
    "*{box-sizing:border-box}",
    "body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;",
    "-webkit-text-size-adjust:100%}",
    "main{max-width:60rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}",
    "header,section{background:var(--card);border:1px solid var(--rule);border-radius:.6rem;padding:1rem 1.25rem;margin:0 0 "
    "1rem}",
    "header{border-left:.4rem solid var(--skip);padding-left:.9rem}",
    "header.pass{border-left-color:var(--pass)}header.fail{border-left-color:var(--fail)}header.warn{border-left-color:var(--"
    "warn)}",
    "h1{font-size:1.35rem;line-height:1.3;margin:.1rem 0 .4rem}h2{font-size:1.05rem;margin:0 0 "
    ".6rem}h3{font-size:1rem;margin:.2rem 0}",
    "h2 span,h3 span,summary span{font-weight:400;color:var(--dim)}",
    "p{margin:.35rem 0}.about,.place,.next{color:var(--dim);font-size:.9rem}",
    "header.pass strong{color:var(--pass)}header.fail strong{color:var(--fail)}header.warn strong,.trouble{color:var(--warn)}",
    "code,pre,table,.place,.name{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}",
    "code,pre,table{font-size:.85rem}.place,.name{font-size:.9rem}",
    "pre{margin:.5rem 0;padding:.6rem .75rem;background:var(--page);border:1px solid var(--rule);border-radius:.4rem;",
    "overflow-x:auto;white-space:pre;overflow-wrap:normal;line-height:1.45}",
    "pre.message{white-space:pre-wrap;overflow-wrap:anywhere;color:var(--fail);font-weight:600;background:none;border:0;padding:"
    "0}",
    "article{border-top:1px solid var(--rule);padding:.7rem 0 .3rem}article:first-of-type{border-top:0;padding-top:0}",
    ".source{padding:.4rem 0}.line{display:block;padding:0 .75rem;min-width:max-content}.line.culprit{background:var(--culprit)}",
    ".line i{display:inline-block;min-width:2.5rem;color:var(--dim);font-style:normal;user-select:none}",
    "details{margin:.4rem 0}summary{cursor:pointer}details>pre{max-height:30rem;overflow-y:auto}",
    "ul{list-style:none;margin:.4rem 0;padding:0}li{padding:.3rem 0;border-top:1px solid "
    "var(--rule)}li:first-child{border-top:0}",
    "li b{display:inline-block;width:1.2rem}li.pass b{color:var(--pass)}li.fail b{color:var(--fail)}li.warn b{color:var(--warn)}",
    "li.skip b,li.skip .name,.time,.summary{color:var(--dim)}.time,.summary{font-size:.9rem}.time{margin-left:.5rem}",
    "li.fail .summary{color:var(--fail)}.summary{margin-left:.5rem}li details,li p{margin-left:1.5rem;font-size:.9rem}",
    ".bars li{display:grid;grid-template-columns:minmax(8rem,16rem) 1fr "
    "4rem;gap:.75rem;align-items:center;border:0;padding:.15rem 0}",
    ".bars .time{text-align:right;margin:0}.track{position:relative;height:.9rem;background:var(--track);border-radius:.25rem}",
    ".track i{position:absolute;top:0;bottom:0;min-width:3px;border-radius:.25rem;background:var(--skip)}",
    ".track i.pass{background:var(--pass)}.track i.fail{background:var(--fail)}.track i.warn{background:var(--warn)}",
    ".scroll{overflow-x:auto;margin:.3rem 0 .8rem}table{border-collapse:collapse}",
    "th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--rule);white-space:nowrap}",
    "th{color:var(--dim);font-weight:600}.number{text-align:right}",
    "@media (max-width:36rem){main{padding:.5rem}header,section{padding:.75rem}",
    ".bars li{grid-template-columns:1fr 4rem;gap:0 .5rem;padding:.3rem 0}.bars .track{grid-column:1/-1;grid-row:2}}",
    "@media print{body{background:none}section,header{break-inside:avoid}}",
};

const size_t report_page_style_count = sizeof report_page_style / sizeof *report_page_style;
