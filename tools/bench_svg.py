#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draw the lines of `make bench` beside their floors: tools/bench_svg.py < lines > docs/bench.svg

One pair of bars for each figure, on a logarithmic scale: ours, and the floor measured in the same run."""
import json
import math
import sys

WIDTH, LEFT, ROW, BAR = 860, 250, 34, 11
OURS, FLOOR = "#2f7d4f", "#b8c4cf"


def label(line):
    for name in ("connections", "requesters"):
        if name in line:
            return f"{line['bench']} ({line[name]})"
    return line["bench"]


def main():
    lines = [json.loads(text) for text in sys.stdin if text.startswith("{")]
    lines = [line for line in lines if line.get("per_s") and line.get("floor_per_s")]
    top = max(max(line["per_s"], line["floor_per_s"]) for line in lines)
    decades = math.ceil(math.log10(top))
    height = 60 + ROW * len(lines)
    scale = lambda v: (WIDTH - LEFT - 150) * max(math.log10(v), 0) / decades
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        "<title>Figures of make bench beside their floors</title>",
        "<style>text{font:12px sans-serif;fill:#1c2733}.s{font-size:11px;fill:#4a5866}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<rect x="{LEFT}" y="14" width="12" height="12" fill="{OURS}"/><text x="{LEFT + 18}" y="24">ours, per CPU-second</text>',
        f'<rect x="{LEFT + 190}" y="14" width="12" height="12" fill="{FLOOR}"/>',
        f'<text x="{LEFT + 208}" y="24">floor, same run (logarithmic scale)</text>',
    ]
    for i, line in enumerate(lines):
        y = 44 + ROW * i
        out.append(f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end">{label(line)}</text>')
        for j, (value, colour) in enumerate(((line["per_s"], OURS), (line["floor_per_s"], FLOOR))):
            width = scale(value)
            top_y = y + j * (BAR + 2)
            out.append(f'<rect x="{LEFT}" y="{top_y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>')
            text = f"{value:,.0f}" + (f" {line['unit']}/s" if "unit" in line else "/s")
            note = f"  {line['floor']}" if j else ""
            out.append(f'<text class="s" x="{LEFT + width + 6:.1f}" y="{top_y + 9}">{text}{note}</text>')
    out.append("</svg>")
    print("\n".join(out))


if __name__ == "__main__":
    main()
