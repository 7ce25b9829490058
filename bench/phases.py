# SPDX-License-Identifier: MIT
"""The phased server (server.c): how far resident memory is above what lives."""

import os
import statistics
import subprocess
import tempfile


class Life:
    """The samples of one run: phase, live and resident MB."""

    def __init__(self, text):
        self.samples = []
        for line in text.splitlines():
            phase, live, resident = line.split()
            self.samples.append((phase, float(live), float(resident)))

    def over(self):
        return statistics.mean(r - live for _, live, r in self.samples)

    def peak(self):
        return max(resident for _, _, resident in self.samples)

    def end_of(self, phase):
        return [r for p, _, r in self.samples if p == phase][-1]


def lines(lives):
    """The report's lines, of {allocator: Life or None}."""
    what = [("mean of resident - live", Life.over),
            ("peak", Life.peak),
            ("at the second mix", lambda life: life.end_of("second-mix")),
            ("dropped to 10", lambda life: life.end_of("drop-to-10")),
            ("all freed", lambda life: life.end_of("free-all"))]
    return [(f"server, {label}, MB",
             [life and how(life) for life in lives.values()])
            for label, how in what]


CHART = """
set terminal svg size 1100,520 font "sans-serif,13" background "white"
set output "{out}"
set title "The phased server: resident memory, MB"
set grid linecolor "#dddddd"
set border 3
set tics nomirror
set key outside right
set xtics rotate by -30 left
set yrange [0:*]
names = "{names}"
plot "{data}" using 0:2 with filledcurves y1=0 linecolor "#cccccc" \\
	title "live", \\
	for [i=1:words(names)] "{data}" using 0:i+2:xtic(1) with lines \\
	linewidth (word(names, i) eq "ashlar" ? 3 : 1.5) linecolor i \\
	title word(names, i)
"""


def chart(path, lives):
    """Draw what is resident over what lives, by gnuplot."""
    lives = {name: life for name, life in lives.items() if life}
    rows, last = [], None
    for at, (phase, live, _) in enumerate(lives["glibc"].samples):
        label = phase if phase != last else '""'
        rows.append([label, str(live)] + [str(life.samples[at][2])
                                          for life in lives.values()])
        last = phase
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        with open(data, "w", encoding="utf-8") as file:
            file.writelines(" ".join(row) + "\n" for row in rows)
        script = CHART.format(out=path, data=data, names=" ".join(lives))
        subprocess.run(["gnuplot"], input=script.encode(), check=True)
