# SPDX-License-Identifier: MIT
"""An interpreter's day: objects, dictionaries, strings, parsing, sorting.

With PYTHONMALLOC=malloc every object is a block of the allocator's.
"""

import ast
import json
import re
import sys

SCALE = int(sys.argv[1])


class Account:
    def __init__(self, name, seed):
        self.name = name
        self.history = [seed % 1000]
        self.tags = {f"t{seed % 7}", f"u{seed % 11}"}

    def pay(self, amount):
        self.history.append(self.history[-1] - amount)


def random_numbers(seed=1):
    while True:
        seed = seed * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        yield seed >> 33


def accounts(numbers):
    book = {}
    for _ in range(3000):
        number = next(numbers)
        name = f"account-{number % 2000}"
        book.setdefault(name, Account(name, number)).pay(number % 50)
    ranked = sorted(book.values(), key=lambda a: (a.history[-1], a.name))
    return sum(len(a.tags) for a in ranked[:100]) + ranked[0].history[-1]


def documents(numbers):
    document = {f"key{i}": [next(numbers) % 100, {"deep": str(i)}]
                for i in range(800)}
    text = json.dumps(document)
    again = json.loads(text)
    found = re.findall(r'"deep": "(\d+5)"', text)
    return len(text) + len(again) + len(found)


def programs(numbers):
    lines = [f"def f{i}(a, b={next(numbers) % 9}):\n"
             f"    return [a * x + b for x in range({i}) if x % 3]\n"
             for i in range(60)]
    tree = ast.parse("".join(lines))
    code = compile(tree, "made", "exec")
    return len(code.co_consts) + sum(1 for _ in ast.walk(tree))


def main():
    numbers = random_numbers()
    total = 0
    for _ in range(SCALE * 3 // 4):
        total += accounts(numbers) + documents(numbers) + programs(numbers)
    print(total)


main()
