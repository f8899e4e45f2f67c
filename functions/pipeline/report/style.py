"""How a report's page looks, in light and dark, on a phone and on paper; and the policy that lets in nothing else."""

from base64 import b64encode
from hashlib import sha256
from typing import Final

_LIGHT = (
    "--paper:#fff;--ink:#1a1f26;--faint:#566070;--line:#d6dbe2;--wash:#f4f6f9;"
    "--good:#0b6338;--good-wash:#e6f5ec;--bad:#ac1020;--bad-wash:#fdebeb;--unsure:#774d00;--unsure-wash:#fdf3d7;"
    "--ended:#5a34a3;--ended-wash:#f1ebfd;--none:#566070;--none-wash:#f4f6f9;"
)
_DARK = (
    "--paper:#0f1419;--ink:#e4e9ef;--faint:#9aa6b4;--line:#2c3640;--wash:#171e26;"
    "--good:#5fd996;--good-wash:#10281b;--bad:#ff8b87;--bad-wash:#351517;--unsure:#f0c252;--unsure-wash:#2f2508;"
    "--ended:#c6a8ff;--ended-wash:#241a38;--none:#9aa6b4;--none-wash:#171e26;"
)
_TONES = "".join(
    f".{tone}{{--tone:var(--{tone});--tint:var(--{tone}-wash)}}" for tone in ("good", "bad", "unsure", "ended", "none")
)
CSS: Final = (
    f":root{{color-scheme:light dark;{_LIGHT}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{_DARK}}}}}"
    f"{_TONES}"
    "*{box-sizing:border-box}"
    "html{background:var(--paper);-webkit-text-size-adjust:100%}"
    "body{margin:0 auto;max-width:62rem;padding:1.5rem 1.25rem 3rem;background:var(--paper);color:var(--ink);"
    'font:400 1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","PingFang SC","Microsoft YaHei",'
    '"DejaVu Sans",sans-serif;overflow-wrap:break-word}'
    "p,ul,ol,dl,dd,table,h1,h2,h3{margin:0}"
    "p,li,dd{overflow-wrap:anywhere}"
    "h2{font-size:1.125rem;margin:2.5rem 0 .75rem}"
    ".faint,caption,figcaption{color:var(--faint);font-size:.875rem}"
    "svg.mark{width:1.1em;height:1.1em;vertical-align:-.17em;margin-inline-end:.45em;flex:none}"
    ".mark use{fill:var(--tone);stroke:var(--paper)}"
    # the verdict
    ".verdict{display:flex;gap:1.25rem;align-items:center;margin-top:.75rem;padding:1.4rem 1.5rem;border-radius:.75rem;"
    "background:var(--tint);border:1px solid var(--tone)}"
    ".verdict svg.mark{width:4rem;height:4rem;margin:0}"
    ".verdict .mark use{stroke:var(--tint)}"
    ".verdict h1{font-size:1.9rem;line-height:1.2;color:var(--tone)}"
    ".verdict p{margin-top:.35rem}"
    ".verdict p::first-letter{text-transform:uppercase}"
    ".next{margin-top:.9rem;padding-inline-start:.9rem;border-inline-start:.25rem solid var(--tone)}"
    # the levels
    ".levels{display:grid;grid-template-columns:repeat(3,1fr);gap:.75rem;margin-top:.9rem;padding:0;list-style:none}"
    ".levels li{padding:.8rem 1rem;border:1px solid var(--line);border-top:.25rem solid var(--tone);"
    "border-radius:.5rem}"
    ".levels .none{border-style:dashed}"
    ".levels h2{margin:0;font-size:.875rem;color:var(--faint);font-weight:400}"
    ".levels strong,td.is{color:var(--tone);font-weight:600}"
    # tables
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "table+table{margin-top:1.75rem}"
    "caption{text-align:start;padding-bottom:.4rem}"
    "th,td{padding:.4rem .6rem;text-align:start;vertical-align:baseline;font-weight:400}"
    "th:first-child,td:first-child{padding-inline-start:0}"
    "thead th{color:var(--faint);font-size:.8125rem;white-space:nowrap;border-bottom:1px solid var(--line)}"
    "tbody+tbody tr:first-child>*{border-top:1px solid var(--line)}"
    "tbody th{min-width:6.5rem;font-weight:600}"
    ".n{text-align:end;white-space:nowrap;width:7rem}"
    "td.is,th.is{white-space:nowrap;width:10.5rem;padding-inline-start:1.5rem}"
    "td.more{padding:0 0 .6rem;font-size:.9375rem}"
    ".more ul{padding-inline-start:1.1rem}"
    'bdi{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.9em;'
    "overflow-wrap:anywhere}"
    "td.rest{color:var(--faint);border-top:1px solid var(--line)}"
    # the picture
    "figure{margin:0 0 1.25rem;max-width:46rem}"
    "figure svg{display:block;width:100%;overflow:visible;font-size:.8125rem}"
    "figure text{fill:var(--ink)}"
    "figure .tick,figure .track{stroke:var(--line)}"
    "figure text.faint{fill:var(--faint)}"
    "figure .bar{stroke:var(--tone);stroke-width:3}"
    "figure .unsure .bar{stroke-dasharray:3 3}"
    "figure .s{fill:var(--paper);stroke:var(--tone);stroke-width:2.5}"
    "figure .t{fill:var(--tone)}"
    # facts
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.25rem}"
    "dt{color:var(--faint);grid-column:1}"
    "dd{grid-column:-2}"
    ".plain{padding-inline-start:1.1rem}"
    "@media (max-width:38rem){body{padding:1rem .9rem 2rem}.levels{grid-template-columns:1fr}"
    ".verdict{padding:1rem;gap:.9rem}.verdict svg.mark{width:2.75rem;height:2.75rem}.verdict h1{font-size:1.5rem}"
    "table{font-size:.875rem}th,td{padding:.35rem .3rem}tbody th{min-width:5rem}.n{width:auto}"
    "td.is,th.is{width:auto;padding-inline-start:.6rem;white-space:normal}thead th,thead th.n{white-space:normal}"
    "dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}"
    "@media print{body{max-width:none;padding:0;font-size:10pt}tr,li,figure,.verdict{break-inside:avoid}"
    "h2{break-after:avoid}.verdict,.mark,figure svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}"
)
POLICY: Final = (
    "default-src 'none'; "
    f"style-src 'sha256-{b64encode(sha256(CSS.encode()).digest()).decode()}'; "
    "img-src 'none'; base-uri 'none'; form-action 'none'"
)
"""A content security policy: this style, and nothing else from anywhere."""
