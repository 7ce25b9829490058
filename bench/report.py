# SPDX-License-Identifier: MIT
"""Results as tables on the terminal, as Markdown and as a chart.

Results are {program: {allocator: [costs.Run…]}}; the first allocator is
glibc, and what others cost is told as a ratio to it.
"""

import json
import math
import os
import platform
import re
import statistics
import subprocess
import tempfile

import scaling


def middle(runs, field):
    return statistics.median(getattr(r, field) for r in runs)


def lowest(runs, field):
    return min(getattr(r, field) for r in runs)


SUMMARY = [
    ("CPU time, geomean of medians", "cpu", middle),
    ("CPU time, geomean of minima", "cpu", lowest),
    ("peak RSS, geomean of medians", "peak", middle),
]
SPREADS = [("CPU time, geomeans of single rounds", "cpu"),
           ("peak RSS, geomeans of single rounds", "peak")]


def ratio(row, name, field, how):
    """A program's number over that on glibc; None when a run failed."""
    if not row[name] or len(row[name]) < len(row["glibc"]):
        return None
    return (max(how(row[name], field), 1e-4) /
            max(how(row["glibc"], field), 1e-4))


def overall(results, name, field, how):
    """Geomean over the programs that ran; and how many did not."""
    ratios = [ratio(row, name, field, how) for row in results.values()]
    good = [r for r in ratios if r is not None]
    if not good:
        return None, len(ratios)
    return math.exp(sum(map(math.log, good)) / len(good)), \
        len(ratios) - len(good)


def overall_cell(results, name, field, how):
    mean, failed = overall(results, name, field, how)
    if mean is None:
        return "failed"
    return f"{mean:.3f}" + (f" ({failed} failed)" if failed else "")


def spread_cell(results, name, field):
    """Between what the geomeans lie of the first runs, of the second …"""
    reps = min(len(row["glibc"]) for row in results.values())
    means = [overall(results, name, field,
                     lambda runs, f, nr=nr: getattr(runs[nr], f))[0]
             for nr in range(reps)]
    if None in means:
        return "failed"
    return f"{min(means):.3f}–{max(means):.3f}"


def cell(value):
    return "failed" if value is None else f"{value:.2f}"


def number(value):
    if value is None:
        return "failed"
    if abs(value) < 1:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 1000 else f"{value:,.0f}"


def show_header(first, allocators):
    print(f"{first:24}" + "".join(f"{a:>18}" for a in allocators))


def show_row(cells, width=18, first=44):
    print(f"{cells[0]:{first}}" + "".join(f"{c:>{width}}" for c in cells[1:]),
          flush=True)


def show_micro_header(allocators):
    print(f"{'single operations':34}" +
          "".join(f"{a:>12}" for a in allocators))


def show_program(program, row):
    cells = [f"{middle(row['glibc'], 'cpu'):.2f}s "
             f"({middle(row['glibc'], 'peak'):.0f}M)"]
    for name in list(row)[1:]:
        cpu = ratio(row, name, "cpu", middle)
        peak = ratio(row, name, "peak", middle)
        cells.append("failed" if cpu is None else
                     f"{cell(cpu)} ({cell(peak)})")
    print(f"{program:24}" + "".join(f"{c:>18}" for c in cells), flush=True)


def show_micro(label, values):
    print(f"{label:34}" + "".join(f"{number(v):>12}" for v in values),
          flush=True)


def show_summary(results, allocators):
    for label, field, how in SUMMARY:
        cells = [overall_cell(results, a, field, how)
                 for a in allocators[1:]]
        print(f"{label:42}" + "".join(f"{c:>18}" for c in cells))
    for label, field in SPREADS:
        cells = [spread_cell(results, a, field) for a in allocators[1:]]
        print(f"{label:42}" + "".join(f"{c:>18}" for c in cells))


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.M)
    return (f"{model.group(1) if model else platform.machine()}, "
            f"{os.cpu_count()} CPUs, Linux {platform.release()}, "
            f"glibc {platform.libc_ver()[1]}")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |",
             "|---|" + "---:|" * (len(head) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def program_table(results, allocators, field, unit):
    rows = [[program, f"{middle(row['glibc'], field):.2f}"] +
            [cell(ratio(row, a, field, middle)) for a in allocators[1:]]
            for program, row in results.items()]
    return table(["program", f"glibc, {unit}"] + allocators[1:], rows)


def program_sections(results, allocators):
    summary = [[label, "1.00"] + [overall_cell(results, a, field, how)
                                  for a in allocators[1:]]
               for label, field, how in SUMMARY]
    summary += [[label, "1.00"] + [spread_cell(results, a, field)
                                   for a in allocators[1:]]
                for label, field in SPREADS]
    return (table([f"{len(results)} programs"] + allocators, summary) +
            ["", "## CPU time, medians", ""] +
            program_table(results, allocators, "cpu", "s") +
            ["", "## Peak RSS, medians", ""] +
            program_table(results, allocators, "peak", "MiB"))


def micro_section(micros, allocators):
    rows = [[label] + [number(v) for v in values]
            for label, values in micros]
    return ["", "## Single operations and memory at rest", ""] + \
        table(["absolute numbers"] + allocators, rows)


def scaling_sections(steps, allocators):
    locks = [row for name, row in steps.items() if row.get("ashlar")
             for row in scaling.lock_rows(name, row["ashlar"])]
    return ["", "## At many cores", "", scaling.EXPLAINED, ""] + \
        table([scaling.CELL] + allocators, scaling.table_rows(steps)) + \
        ["", "Ashlar's shared locks there:", ""] + \
        table(scaling.LOCKS_HEAD, locks)


def write(folder, allocators, results, micros, steps, wrong, how_run):
    """report.md and report.json, and report.svg where there are programs."""
    text = ["# Benchmark report", "",
            f"{machine()}. {how_run} Ratios are to glibc: "
            "lower is better.", ""]
    if results:
        text += program_sections(results, allocators)
        chart(os.path.join(folder, "report.svg"), results, allocators)
        text += ["", "![chart](report.svg)"]
    if micros:
        text += micro_section(micros, allocators)
    if any(label.startswith("server") for label, _ in micros):
        text += ["", "![the phased server](server.svg)"]
    if steps:
        text += scaling_sections(steps, allocators)
    if wrong:
        text += ["", "## Runs that failed", ""] + \
            [f"- {p} on {a}: {fault}" for p, a, fault in wrong]
    with open(os.path.join(folder, "report.md"), "w",
              encoding="utf-8") as file:
        file.write("\n".join(text) + "\n")
    data = {"machine": machine(), "micro": dict(micros), "programs": {
        p: {a: [{k: getattr(r, k) for k in ("cpu", "peak", "faults", "wall")}
                for r in runs] for a, runs in row.items()}
        for p, row in results.items()}}
    with open(os.path.join(folder, "report.json"), "w",
              encoding="utf-8") as file:
        json.dump(data, file, indent=1)


CHART = """
set terminal svg size 1100,1150 font "sans-serif,13" background "white"
set output "{out}"
set multiplot
set key off
set grid linecolor "#dddddd"
set border 3
set tics nomirror
set origin 0.0,0.64
set size 0.7,0.36
set title "All programs: geometric means, ratio to glibc"
set xlabel "CPU time"
set ylabel "peak RSS"
set offsets graph 0.1, graph 0.2, graph 0.1, graph 0.1
plot for [i=0:{last}] "{means}" every ::i::i using 1:2 \\
	with points pointtype 7 pointsize 1.4 linecolor i+1, \\
	"{means}" using 1:2:3 with labels left offset 1,0.3
set offsets 0, 0, 0, 0
unset xlabel
set logscale y 2
set xtics rotate by -50 left
names = "{names}"
shape(i) = word(names, i+1) eq "ashlar" ? 7 : 6
set size 1.0,0.33
set rmargin 9
set key at screen 0.9,0.95
set origin 0.0,0.32
set title "CPU time of each program, ratio to glibc"
set ylabel "CPU time"
plot [-0.5:{programs}-0.5] 1 with lines linecolor 1 title "glibc", \\
	for [i=1:{last}] "{cpu}" using 0:i+1:xtic(1) with points \\
	pointtype shape(i) linewidth 2 linecolor i+1 title word(names, i+1)
set key off
set origin 0.0,0.0
set title "Peak RSS of each program, ratio to glibc"
set ylabel "peak RSS"
plot [-0.5:{programs}-0.5] 1 with lines linecolor 1, \\
	for [i=1:{last}] "{peak}" using 0:i+1:xtic(1) with points \\
	pointtype shape(i) linewidth 2 linecolor i+1
"""


def ratio_lines(results, allocators, field):
    for program, row in results.items():
        values = [ratio(row, a, field, middle) for a in allocators[1:]]
        yield " ".join([program] + ["NaN" if v is None else f"{v:.4f}"
                                    for v in values])


def mean_lines(results, allocators):
    for name in allocators:
        both = [overall(results, name, f, middle)[0] for f in ("cpu", "peak")]
        yield " ".join(["NaN" if v is None else f"{v:.4f}"
                        for v in both] + [name])


def chart(path, results, allocators):
    """Draw the means and each program's ratios, by gnuplot."""
    data = {"means": mean_lines(results, allocators),
            "cpu": ratio_lines(results, allocators, "cpu"),
            "peak": ratio_lines(results, allocators, "peak")}
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: os.path.join(folder, name) for name in data}
        for name, lines in data.items():
            with open(paths[name], "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
        script = CHART.format(out=path, last=len(allocators) - 1,
                              programs=len(results),
                              names=" ".join(allocators), **paths)
        subprocess.run(["gnuplot"], input=script.encode(), check=True)
