#!/usr/bin/env python3
"""The page of `exs-bench report` and the picture of --svg in a real browser: nothing is asked for, nothing
complained about, nothing cut off; every number on the page is the JSON's.

usage: test_bench_report.py PATH-OF-EXS-BENCH
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

import harness
from browser import Browser, Page
from harness import PATIENCE, check

PROGRAM = sys.argv[1] if len(sys.argv) == 2 else None
HOSTILE = "</title></svg><script>alert(1)</script><img src=http://127.0.0.1:9/x onerror=alert(2)>\"'&\u202e"
LONG = "a name without any end " * 20


def measure(folder):
    """A document with rows of every bench; on a loaded machine one may fail, which is not for this test."""
    path = os.path.join(folder, "measured.json")
    done = subprocess.run([PROGRAM, "all", "--runs=2", "--seconds=0.001", "--warmup=0", "--repeat=0",
                           "--threads=1,all", "-q", f"--json={path}"], timeout=300 * PATIENCE, check=False)
    check(done.returncode in (0, 1), f"exs-bench ended with {done.returncode}")
    return path


def row(name, kernel, threads, unit, samples, **fields):
    numbers = [x for x in samples if x is not None]
    return {"bench": "search", "name": name, "kernel": kernel, "threads": threads, "unit": unit,
            "better": "higher", "median": statistics.median(numbers) if numbers else None,
            "min": min(numbers, default=None), "max": max(numbers, default=None), "runs": len(samples),
            "steal_ms": 10, "cpu_share": 0.5, "repeated": 0, "disturbed": 1, "samples": samples, **fields}


def make_hostile(folder):
    """A document of texts and numbers as bad as its reader lets them be."""
    rows = [row("plain", f"kernel {k}", threads, "MH/s", [threads * k * 10.0 + s for s in (0.1, 0.3, 0.2)])
            for threads in (1, 3, 64, 192) for k in range(1, 9)]
    rows += [row("against", HOSTILE, 1, "MH/s", [5, None, 7], command=HOSTILE),
             row(f"plain / {HOSTILE}", "kernel 1", 1, "ratio", [2, 1e-9, 3]), row("none", "", 1, "MH/s", [None]),
             row("huge", "tiny", 1, "MH/s", [1e15, 5e-324]), row("zero", "", 1, "MH/s", [0, 0]),
             row(LONG, LONG, 7, LONG, [1, 2], **{LONG: LONG}), row("x" * 3000, "m" * 3000, 7, "W" * 300, [1])]
    for number in range(3):
        rows += [dict(r, bench=HOSTILE if number else LONG, name=r["name"] + str(number)) for r in rows[30:]]
    path = os.path.join(folder, "hostile.json")
    machine = {"cpu": HOSTILE, "flags": "y" * 4000, "os": LONG, "caches": [{"level": 1, "type": HOSTILE}]}
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"machine": machine, "interrupted": True, "rows": rows}, file)
    return path


def make_page(folder, *files):
    path = os.path.join(folder, f"{len(files)}-{os.path.basename(files[-1])}.html")
    subprocess.run([PROGRAM, "report", *files, "-q", "-o", path], check=True, timeout=60 * PATIENCE)
    return f"file://{path}"


def name_of(r):
    return (r["bench"], r["name"], r["kernel"], r["threads"], r["unit"])


TABLE_ROWS = """[...document.querySelectorAll('section[id^=d1-b] tbody tr')].map(row => ({
    bench: row.dataset.bench, name: row.dataset.name, kernel: row.dataset.kernel,
    threads: +row.dataset.threads, unit: row.dataset.unit,
    heads: [...row.closest('table').querySelectorAll('thead th')].map(head => head.textContent),
    cells: [...row.children].map(cell => {
        const data = cell.querySelector('data');
        return data ? [data.value, data.textContent] : [null, cell.textContent];
    }),
}))"""


def number_of(cell):
    value, text = cell
    if text == "-":
        return None
    number = float(text if value is None else value)
    # What is shown is the number to four digits.
    check(abs(float(text) - number) <= 0.001 * abs(number), f"{text} is shown for {number}")
    return number


def check_numbers(page, path):
    """Each row of the JSON stands on the page once, with its numbers."""
    with open(path, encoding="utf-8") as file:
        rows = {name_of(r): r for r in json.load(file)["rows"]}
    shown = page.evaluate(TABLE_ROWS)
    check(sorted(map(name_of, shown)) == sorted(rows), f"rows differ: {len(shown)} shown of {len(rows)}")
    fixed = {"Median": "median", "Min": "min", "Max": "max", "Runs": "runs", "Disturbed": "disturbed",
             "Steal ms": "steal_ms", "Threads": "threads"}
    for r in shown:
        cells = dict(zip(r["heads"], r["cells"]))
        want = rows[name_of(r)]
        for head, cell in cells.items():
            if head in ("Row", "Kernel", "Unit", "Spread"):
                continue
            key = fixed.get(head, head)
            expected = want.get(key) if isinstance(want.get(key), (int, float)) else None
            check(number_of(cell) == expected, f"{name_of(r)} {key}: {cell} on the page, {expected} in the JSON")
        check(cells["Row"][1] == want["name"] and cells["Kernel"][1] == want["kernel"], f"{r} is not {want}")
    with open(path, encoding="utf-8") as file:
        machine = json.load(file)["machine"]
    facts = page.evaluate("[...document.querySelectorAll('#d1-machine dd[data-key]')].map(e => [e.dataset.key, "
                          "e.querySelector('data') ? +e.querySelector('data').value : e.textContent])")
    for key, value in facts:
        if key not in ("caches", "core_cycles"):
            check(machine[key] == value, f"{key}: {value} on the page, {machine[key]} in the JSON")
    check({"os", "flags"} <= {key for key, _ in facts}, "the machine is not on the page")
    tiles = page.evaluate("[...document.querySelectorAll('.tile [data-bench]')].map(e => "
                          "[e.dataset.name, e.dataset.kernel, +e.dataset.threads, e.dataset.unit,"
                          " +e.querySelector('data').value])")
    check(tiles, "the page has no figures at its head")
    for name, kernel, threads, unit, value in tiles:
        check(rows[("search", name, kernel, threads, unit)]["median"] == value, f"{name} {kernel}: {value}")


# Text of plots that leaves its drawing, and boxes that leave the window although no parent scrolls.
CUT_OFF = """[...document.querySelectorAll('svg.plot text')].filter(text => {
    const inner = text.getBoundingClientRect(), outer = text.closest('svg').getBoundingClientRect();
    return inner.left < outer.left - 1 || inner.right > outer.right + 1 ||
           inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
}).map(text => text.textContent)"""
WIDE = """[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll > *') &&
    e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(e => e.tagName + ' ' + e.className + ' ' + e.textContent.slice(0, 40))"""
# Labels that run into the values beside them.
COLLIDING = """[...document.querySelectorAll('svg.plot .value')].filter(value => {
    const label = value.nextElementSibling;
    return label && label.classList.contains('label') &&
           label.getBoundingClientRect().right > value.getBoundingClientRect().left;
}).map(value => value.textContent)"""


def check_layout(page, width):
    for what, expression in (("cut off", CUT_OFF), ("too wide", WIDE), ("colliding", COLLIDING)):
        found = page.evaluate(expression)
        check(not found, f"at {width} pixels {what}: {found[:5]}")
    size = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    check(size == [width, width], f"{size[0]} pixels wide in a window of {size[1]}, of {width} asked for")
    check(page.evaluate("document.querySelectorAll('svg.plot').length") > 0, "no plots")


def check_quiet(page, url):
    check(page.requests() == [url], f"the page asked for {page.requests()}")
    check(page.complaints() == [], f"the browser complains: {page.complaints()}")


def check_access(page):
    """Every plot has its name and description, every table its label, every identity is its own."""
    unnamed = page.evaluate("[...document.querySelectorAll('svg.plot')].filter(svg => !svg.querySelector('title')"
                            ".textContent || !svg.querySelector('desc').textContent || ['labelledby',"
                            " 'describedby'].some(key => !document.getElementById(svg.getAttribute('aria-' + key)))"
                            ").length")
    check(unnamed == 0, f"{unnamed} plots have no name")
    check(page.evaluate("(ids => new Set(ids).size == ids.length)([...document.querySelectorAll('[id]')]"
                        ".map(e => e.id))"), "an id is there twice")
    check(page.evaluate("[...document.querySelectorAll('.scroll')].every(e => e.tabIndex == 0 && "
                        "e.getAttribute('aria-label'))"), "a table cannot be reached or has no name")
    lost = page.evaluate("[...document.querySelectorAll('nav a')].filter(a => "
                         "!document.getElementById(a.hash.slice(1))).map(a => a.hash)")
    check(not lost, f"links lead nowhere: {lost}")
    check(page.evaluate("document.querySelectorAll('h1').length") == 1, "not one heading of the first rank")


def test_browser_sees_faults(browser, folder):
    """What follows can fail: a page with every fault is found out."""
    path = os.path.join(folder, "faulty.html")
    with open(path, "w", encoding="utf-8") as file:
        file.write("<meta name=viewport content='width=device-width'><script>console.error('here')</script>"
                   "<img src='http://127.0.0.1:9/x'><div style='width:5000px'>wide</div>"
                   "<svg class=plot width=10 height=10><text y=9>much too long</text></svg>")
    page = Page(browser, f"file://{path}", 360)
    check("http://127.0.0.1:9/x" in page.requests(), "a request goes unseen")
    check(any("here" in text for text in page.complaints()), "an error goes unseen")
    check(page.evaluate("document.documentElement.scrollWidth") > 360, "an overflow goes unseen")
    check(page.evaluate(CUT_OFF) == ["much too long"], "text that is cut off goes unseen")
    check(page.evaluate(WIDE), "a box that is too wide goes unseen")
    page.close()


def test_measured(browser, folder):
    path = measure(folder)
    url = make_page(folder, path)
    for width in (360, 768, 1440):
        page = Page(browser, url, width, dark=width == 768)
        check_quiet(page, url)
        check_layout(page, width)
        check_numbers(page, path)
        check_access(page)
        page.close()


def test_hostile(browser, folder):
    path = make_hostile(folder)
    url = make_page(folder, path)
    for width in (360, 1440):
        page = Page(browser, url, width)
        check_quiet(page, url)
        check_layout(page, width)
        check_numbers(page, path)
        check_access(page)
        check(page.evaluate("document.querySelectorAll('script, img, [style], [onerror]').length") == 0,
              "a text of the document became markup")
        check(page.evaluate("document.querySelector('h1').textContent") == HOSTILE, "the name is not what it was")
        page.close()


def test_two_files(browser, folder):
    old = make_hostile(folder)
    with open(old, encoding="utf-8") as file:
        document = json.load(file)
    for r in document["rows"][:8]:
        r["samples"] = [x / 2 for x in r["samples"]]
        r.update(median=r["median"] / 2, min=r["min"] / 2, max=r["max"] / 2)
    new = os.path.join(folder, "new.json")
    with open(new, "w", encoding="utf-8") as file:
        json.dump(document, file)
    url = make_page(folder, old, new)
    page = Page(browser, url, 360)
    check_quiet(page, url)
    check_layout(page, 360)
    check_access(page)
    compared = subprocess.run([PROGRAM, "compare", old, new, "--json"], capture_output=True, text=True, check=False)
    rows = {name_of(r): r for r in json.loads(compared.stdout)["rows"]} if compared.stdout else {}
    shown = page.evaluate(TABLE_ROWS.replace("section[id^=d1-b]", "#changes-2"))
    check(len(shown) == len(document["rows"]), f"{len(shown)} of {len(document['rows'])} rows are compared")
    for r in shown:
        if not r["bench"]:
            continue
        cells, want = dict(zip(r["heads"], r["cells"])), rows[name_of(r)]
        check(number_of(cells["A"]) == want["a"] and number_of(cells["B"]) == want["b"], f"{cells} is not {want}")
        check(cells["Verdict"][1] == want["verdict"], f"{cells} is not {want}")
    page.close()


def test_picture(browser, folder):
    path = os.path.join(folder, "picture.svg")
    subprocess.run([PROGRAM, "report", make_hostile(folder), "-q", "-o", os.devnull, f"--svg={path}"], check=True,
                   timeout=60 * PATIENCE)
    url = f"file://{path}"
    page = Page(browser, url)
    check_quiet(page, url)
    check(page.evaluate("document.documentElement.tagName") == "svg", "the picture is no SVG")
    check(page.evaluate(CUT_OFF) == [], f"text is cut off: {page.evaluate(CUT_OFF)[:5]}")
    check(page.evaluate(COLLIDING) == [], f"labels run into values: {page.evaluate(COLLIDING)[:5]}")
    page.close()


def everything(folder):
    browser = Browser(folder)
    try:
        for name, test in list(globals().items()):
            if name.startswith("test_"):
                test(browser, folder)
                print(f"{name}: passed", flush=True)
    finally:
        browser.close()


def main():
    if not PROGRAM:
        sys.exit(f"usage: {sys.argv[0]} PATH-OF-EXS-BENCH")
    folder = tempfile.mkdtemp(prefix="exs-functional-")
    code = harness.run(everything, folder)
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
