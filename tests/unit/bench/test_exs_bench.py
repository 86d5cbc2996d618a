#!/usr/bin/env python3
"""Runs exs-bench as a user would, for milliseconds a row: what it prints, and how it fails.

usage: test_exs_bench.py EXS_BENCH EXS_MINER VERSION
"""
import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from xml.etree import ElementTree

PROGRAM, MINER, VERSION = sys.argv[1:4]
BRIEF = ["--runs=3", "--seconds=0.002", "--warmup=0", "--repeat=0"]
ROW = {"bench": str, "name": str, "kernel": str, "threads": int, "unit": str, "better": str,
       "runs": int, "repeated": int, "disturbed": int, "samples": list}
BENCHES = ["sha256", "sha256d", "search", "topology", "engine"]
# validate needs files, and has a test of its own.
VECTORS = os.environ.pop("EXS_VECTORS", "") or os.path.join(
    os.path.dirname(__file__), "../../../../shared/vectors")


def run(*arguments, status=0, timeout=300):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)
    if done.returncode != status:
        raise AssertionError(f"{arguments}: status {done.returncode}, not {status}\n"
                             f"{done.stdout}{done.stderr}")
    return done


def number(value):
    return isinstance(value, (int, float)) and math.isfinite(value)


def check_row(row):
    for key, kind in ROW.items():
        assert isinstance(row[key], kind), (key, row)
    assert row["threads"] >= 1 and row["better"] in ("higher", "lower"), row
    assert len(row["samples"]) == row["runs"], row
    samples = [value for value in row["samples"] if value is not None]
    if samples:
        assert number(row["median"]) and row["min"] <= row["median"] <= row["max"], row
        assert row["min"] == min(samples) and row["max"] == max(samples), row
        assert row["min"] >= 0, row
    else:
        assert row["median"] is None and row["min"] is None and row["max"] is None, row
    assert number(row["steal_ms"]) and row["steal_ms"] >= 0, row
    for key, value in row.items():
        assert value is not None or key in ("median", "min", "max", "cpu_share", "p99_all", "max_all") \
            or key.startswith("core_cycles"), (key, row)


def check_document(document):
    machine = document["machine"]
    assert machine["version"] == VERSION, machine
    assert 1 <= machine["cores"] <= machine["usable_cpus"] <= machine["logical_cpus"], machine
    assert machine["cpu"] and machine["compiler"] and machine["kernel"], machine
    names = set()
    for row in document["rows"]:
        check_row(row)
        name = (row["bench"], row["name"], row["kernel"], row["threads"])
        assert name not in names, name
        names.add(name)
    return document["rows"]


def rows_of(*arguments, status=0):
    document = json.loads(run(*arguments, "--json", status=status).stdout)
    assert document["interrupted"] is False
    return check_document(document)


def test_every_subcommand():
    for bench in BENCHES:
        rows = rows_of(bench, *BRIEF)
        assert rows and all(row["bench"] == bench for row in rows), bench


def test_units():
    for row in rows_of("search", *BRIEF, "--kernel=generic"):
        # Even a slow core with sanitizers does thousands, and none does billions.
        assert row["unit"] == "MH/s" and 1e-4 < row["median"] < 1e4, row
        assert row["runs"] == 3 and row["name"] in ("plain", "rolled-16"), row
        assert 0.5 < row["ns_per_hash"] * row["median"] / 1000 < 2, row
    for row in rows_of("topology", *BRIEF):
        assert 0 < row["efficiency"], row


def test_all_into_a_file():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out.json")
        done = run("all", *BRIEF, "--runs=1", "--filter=*/1", f"--json={path}")
        assert "validate: skipped: no blocks" in done.stderr, done.stderr
        printed = done.stdout
        with open(path, encoding="utf-8") as file:
            rows = check_document(json.load(file))
    assert {row["bench"] for row in rows} >= {"sha256", "sha256d", "search", "topology"}, rows
    for row in rows:
        assert row["name"] in printed, row["name"]


def test_filters_and_threads():
    rows = rows_of("search", *BRIEF, "--filter=plain/generic")
    assert [row["kernel"] for row in rows] == ["generic"], rows
    usable = json.loads(run("search", *BRIEF, "--filter=plain/generic", "--json").stdout)
    usable = usable["machine"]["usable_cpus"]
    rows = rows_of("search", *BRIEF, "--threads=1,all", "--kernel=generic", "--filter=plain")
    assert [row["threads"] for row in rows] == sorted({1, usable}), rows
    cpu = min(os.sched_getaffinity(0))
    rows = rows_of("search", *BRIEF, "--threads=all", f"--cpu={cpu}", "--filter=plain/generic")
    assert [row["threads"] for row in rows] == [1], rows


def test_quiet():
    done = run("search", *BRIEF, "--kernel=generic", "-q")
    assert done.stdout == "" and done.stderr == "", done


def test_help():
    for arguments in (["help"], ["--help"], ["search", "-h"]):
        text = run(*arguments).stdout
        assert all(bench in text for bench in [*BENCHES, "validate"]) and "--against" in text, text
    assert "generic" in run("list").stdout
    assert VERSION in run("--version").stdout


def test_wrong_command_lines():
    cases = [
        ([], "no command"), (["frob"], "no command frob"), (["search", "sha256"], "one command"),
        (["search", "--kernel=frob"], "no kernel frob"), (["all", "--kernel=frob"], "no kernel frob"),
        (["engine", "--kernel=generic"], "engine"), (["search", "--threads=0"], "0"),
        (["search", "--threads=9999"], "9999"), (["search", "--frob"], "frob"),
        (["search", "--runs=0"], "runs"), (["search", "--seconds=0"], "seconds"),
        (["search", "--seconds=nan"], "seconds"), (["search", "--cpu=x"], "x"),
        (["search", "--warmup=-1"], "warmup"), (["topology", "--threads=1"], "topology"),
        (["search", "--vectors=x"], "--vectors"), (["search", "--block=x"], "--block"),
        (["validate", "--vectors="], "--vectors"), (["validate", "--block=a", "--block=a"], "twice"),
        (["validate", *(f"--block={n}" for n in range(17))], "16 times"),
        (["compare", "a", "b", "--vectors=x"], "--vectors"), (["validate", "--against=x"], "--against"),
        (["validate", "--kernel=frob"], "no kernel frob"),
        (["sha256", "--against=x"], "--against"), (["search", "--against-name=x"], "--against-name"),
        (["search", "--against=a 'b"], "quote"), (["search", "--against="], "no command"),
        (["search", "--json="], "json"), (["search", "--json", "file"], "one command"),
        (["search", "--svg="], "--svg"), (["search", "--output=x"], "--output goes with report"),
        (["search", "--threshold=1"], "two files"), (["compare"], "two files"),
        (["compare", "a"], "two files"), (["compare", "a", "b", "c"], "2 files at most"),
        (["compare", "a", "b", "--runs=3"], "--runs"), (["compare", "a", "b", "--threshold=-1"], "threshold"),
        (["compare", "a", "b", "--significance=0"], "significance"),
        (["compare", "a", "b", "--significance=nan"], "significance"),
        (["compare", "a", "b", "-o", "x"], "--output"), (["report", *"abcdefghi"], "8 files at most"),
        (["report", "a", "--kernel=generic"], "--kernel"), (["report", "a", "--json"], "--json"),
        (["report", "a", "-o", "-", "--svg=-"], "standard output"), (["report", "-o", ""], "--output"),
    ]
    for arguments, text in cases:
        done = run(*arguments, status=2)
        assert text in done.stderr and done.stdout == "", (arguments, done.stderr)


def make_document(folder, name, factor=1.0, **changes):
    """A file of --json with rows whose medians are known, changed as the test wants."""
    path = os.path.join(folder, name)
    rows = []
    for number, (unit, better) in enumerate([("MH/s", "higher"), ("us", "lower")] * 3):
        samples = [(100 + number + k / 10) * (factor if number < 2 else 1) for k in range(5)]
        rows.append({"bench": "search", "name": f"row {number}", "kernel": "<b>&", "threads": 1 + number % 3,
                     "unit": unit, "better": better, "median": samples[2], "min": samples[0],
                     "max": samples[-1], "runs": 5, "steal_ms": 0, "cpu_share": 1, "repeated": 0,
                     "disturbed": 0, "samples": samples})
    document = {"machine": {"cpu": "A CPU", "version": VERSION}, "interrupted": False, "rows": rows}
    document.update(changes)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)
    return path


def test_compare():
    with tempfile.TemporaryDirectory() as folder:
        old, new = make_document(folder, "old.json"), make_document(folder, "new.json", 0.9)
        other = make_document(folder, "other.json", 1.01, machine={"cpu": "B CPU", "version": VERSION})
        same = run("compare", old, old)
        assert "6 same" in same.stdout and "differ" not in same.stdout, same.stdout
        # The rate is a tenth lower, which is worse; so is the time, which is better.
        done = run("compare", old, new, status=1)
        assert "1 worse, 1 better, 4 same" in done.stdout, done.stdout
        assert "-10.0%" in done.stdout, done.stdout
        assert run("compare", old, new, "-q", status=1).stdout == ""
        answer = json.loads(run("compare", old, new, "--json", status=1).stdout)
        assert [row["verdict"] for row in answer["rows"]] == ["worse", "better"] + ["same"] * 4, answer
        assert abs(answer["rows"][0]["ratio"] - 0.9) < 1e-9 and answer["rows"][0]["a"] == 100.2, answer
        assert abs(answer["rows"][0]["p"] - 2 / 252) < 1e-9, answer
        assert answer["counts"]["worse"] == 1 and answer["threshold_percent"] == 2, answer
        done = run("compare", old, other)
        assert "6 same" in done.stdout and "B CPU" in done.stdout, done.stdout
        run("compare", old, other, "--threshold=0.5", status=1)
        run("compare", old, new, "--threshold=11%")
        run("compare", old, new, "--significance=0.001", status=2)
        svg = os.path.join(folder, "out.svg")
        run("compare", old, new, f"--svg={svg}", status=1)
        assert "-10.0% worse" in ElementTree.tostring(ElementTree.parse(svg).getroot(), "unicode", "text")


def test_compare_refuses():
    with tempfile.TemporaryDirectory() as folder:
        good, path = make_document(folder, "good.json"), os.path.join(folder, "bad.json")
        for text, error in [("", "line 1"), ("[]", "no object"), ('{"machine": {}, "rows": [{}]}', "row 1")]:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            for files in ((good, path), (path, good)):
                done = run("compare", *files, status=2)
                assert path in done.stderr and error in done.stderr and done.stdout == "", done
            done = run("report", path, "-o", os.path.join(folder, "x.html"), status=1)
            assert error in done.stderr and not os.path.exists(os.path.join(folder, "x.html")), done
        assert "No such file" in run("compare", good, "/nonexistent", status=2).stderr
        empty = make_document(folder, "empty.json", rows=[])
        assert "no row" in run("compare", good, empty, status=2).stderr
        assert "can't write" in run("compare", good, good, "--json=/nonexistent/x", status=2).stderr
        for option in ("--svg=/dev/full", "--json=/dev/full"):
            assert "can't write" in run("compare", good, good, option, status=2).stderr
        assert "can't write" in run("report", good, "-o", "/dev/full", status=1).stderr
        assert "can't write" in run("report", good, "--svg=/nonexistent/x", status=1).stderr


def shown(x):
    """A number as plots and tables show it."""
    if x == 0:
        return "0"
    if x >= 1e7 or x < 0.001:
        return f"{x:.3e}"
    return f"{x:.{max(0, 3 - math.floor(math.log10(x)))}f}"


def test_largest_document():
    """As many rows as a document may have, with another program's among them; one more is refused."""
    with tempfile.TemporaryDirectory() as folder:
        with open(make_document(folder, "some.json"), encoding="utf-8") as file:
            row = json.load(file)["rows"][0]
        rows = [dict(row, name="against" if number % 2 else f"row {number // 4}", kernel=f"k{number}")
                for number in range(5000)]
        path = make_document(folder, "large.json", rows=rows)
        assert "5000 same" in run("compare", path, path).stdout
        if os.environ.get("EXS_LONG") == "1":
            page = os.path.join(folder, "large.html")
            run("report", path, "-q", "-o", page)
            assert os.path.getsize(page) < 64 << 20, os.path.getsize(page)
        path = make_document(folder, "larger.json", rows=rows + [row])
        assert "more than 5000 rows" in run("compare", path, path, status=2).stderr


def test_pictures():
    """What was measured is drawn, and each number in the picture is one of the JSON's."""
    with tempfile.TemporaryDirectory() as folder:
        svg, path = os.path.join(folder, "out.svg"), os.path.join(folder, "out.json")
        for bench in ("search", "topology", "engine"):
            run(bench, *BRIEF, "--runs=1", f"--svg={svg}", f"--json={path}", "-q")
            with open(path, encoding="utf-8") as file:
                rows = check_document(json.load(file))
            root = ElementTree.parse(svg).getroot()
            text = ElementTree.tostring(root, "unicode", "text")
            space = "{http://www.w3.org/2000/svg}"
            assert root.find(f"{space}title").text and len(root.findall(f".//{space}svg")) > 0, bench
            for row in rows:
                assert row["median"] is None or shown(row["median"]) in text, row
        assert ElementTree.fromstring(run("search", *BRIEF, "--svg=-", "--kernel=generic").stdout) is not None


def test_report_measures():
    with tempfile.TemporaryDirectory() as folder:
        page, path = os.path.join(folder, "here.html"), os.path.join(folder, "out.json")
        done = run("report", *BRIEF, "--runs=1", "--filter=search/", "--kernel=generic", "-o", page,
                   f"--json={path}")
        assert f"{page} is written" in done.stdout, done.stdout
        with open(page, encoding="utf-8") as file:
            text = file.read()
        with open(path, encoding="utf-8") as file:
            rows = check_document(json.load(file))
    assert rows and text.endswith("</html>\n"), text[-200:]
    values = {float(value) for value in re.findall(r'<data value="([^"]+)"', text)}
    for row in rows:
        assert row["median"] in values and row["min"] in values and row["max"] in values, row


def chosen(profile):
    """What a profile says, by its last key; comments and lists aside."""
    return {key: value for key, value in re.findall(r"^  (\w+): (\S+)", profile, re.MULTILINE)}


def test_tune():
    brief = [*BRIEF, "--runs=1"]
    with tempfile.TemporaryDirectory() as folder:
        profile, rows = os.path.join(folder, "profile.yaml"), os.path.join(folder, "rows.json")
        printed = run("tune", *brief, f"--output={profile}", f"--json={rows}").stdout
        with open(profile, encoding="utf-8") as file:
            text = file.read()
        with open(rows, encoding="utf-8") as file:
            rows = check_document(json.load(file))
        assert sorted(os.listdir(folder)) == ["profile.yaml", "rows.json"], os.listdir(folder)
        # Nothing is replaced by half of something.
        process = subprocess.Popen([PROGRAM, "tune", "--seconds=1000", "-q", f"--output={profile}"],
                                   stderr=subprocess.DEVNULL)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130, process.returncode
        assert sorted(os.listdir(folder)) == ["profile.yaml", "rows.json"], os.listdir(folder)
        with open(profile, encoding="utf-8") as file:
            assert file.read() == text
    assert {row["bench"] for row in rows} == {"tune"} and "search_rolled" in printed, printed
    says = chosen(text)
    for operation in "sha256_compress", "sha256d_64", "sha256d_many", "search", "search_rolled":
        rates = {row["kernel"]: row["median"] for row in rows if row["name"] == operation}
        assert rates[says[operation]] == max(rates.values()), (operation, says, rates)
    assert says["threads"] in ("all", "cores", "auto") and says["pinned"] in ("true", "false"), says
    assert int(says["unit_nonces"]) in (1 << 16, 1 << 20, 1 << 24), says
    assert "\nbasis: measured\nmachine:\n  cpu:\n    - \"" in text, text
    assert "basis: measured" in run("tune", *brief, "-q").stdout
    for arguments, says in ((["tune", "--output="], "names a file"),
                            (["search", "--output=x"], "report and tune"),
                            (["tune", "--json=-"], "only one thing"),
                            (["tune", "--kernel=generic"], "no kernel generic of tune"),
                            (["tune", "--threads=1"], "chooses its numbers of threads itself")):
        assert says in run(*arguments, status=2).stderr, arguments
    assert "no --filter" in run("tune", *brief, "--filter=shani", status=1).stderr
    nowhere = run("tune", *brief, "--output=no/such/folder/profile.yaml", status=1)
    assert "can't write no/such/folder/profile.yaml" in nowhere.stderr, nowhere


def test_tune_of_a_device():
    if os.environ.get("EXS_LONG") != "1" or "opencl:0" not in run("list").stdout:
        print("skipped: takes a minute and an OpenCL device (EXS_LONG=1)")
        return
    assert "no second --kernel" in run("tune", *BRIEF, "--kernel=opencl:0", "--kernel=opencl:0",
                                       status=1).stderr
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "profile.yaml")
        run("tune", *BRIEF, "--runs=1", "--kernel=opencl:0", "-q", "-o", path)
        with open(path, encoding="utf-8") as file:
            says = chosen(file.read())
        assert says["versions"] in ("1", "2", "4") and says["vector"] in ("1", "4", "8", "16"), says
        assert says["batch_ms"] in ("10", "40", "160"), says
        done = subprocess.run([MINER, "--profile", path, "--device=0", "--no-cpu", "--benchmark",
                               "--time-limit=1"], capture_output=True, text=True, timeout=300,
                              check=True, stdin=subprocess.DEVNULL)
        assert "warning" not in done.stderr, done


def test_miner_takes_what_tune_wrote():
    def mine(profile):
        command = [MINER, "--profile", profile, "--device=none", "--benchmark", "--time-limit=1"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True,
                              stdin=subprocess.DEVNULL)
        return re.search(r"kernel ([\w.-]+)", done.stdout)[1], done.stderr

    text = run("tune", *BRIEF, "--runs=1").stdout
    with tempfile.TemporaryDirectory() as folder:
        def write(name, old, new):
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(re.sub(old, new, text))
            return path

        assert mine(write("tuned.yaml", "^", "")) == (chosen(text)["search_rolled"], "")
        generic = write("generic.yaml", r"search_rolled: \S+", "search_rolled: generic")
        assert mine(generic) == ("generic", "")
        for name, old, new, says in (
                ("cpu.yaml", r'- ".*"', "- Another CPU", "is for another processor"),
                ("key.yaml", "search_rolled:", "search_roled:", "did you mean kernels.search_rolled"),
                ("name.yaml", r"search: \S+", "search: sse9", "no such implementation: sse9")):
            kernel, warned = mine(write(name, old, new))
            assert "warning: " in warned and says in warned and warned.count("\n") == 1, warned
            assert kernel in ("generic", *text.split()), kernel


def test_failures():
    assert "no row" in run("search", *BRIEF, "--filter=frob", status=1).stderr
    done = run("search", *BRIEF, "--json=/nonexistent/file", status=1)
    assert "/nonexistent/file" in done.stderr
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([PROGRAM, "search", *BRIEF, "--kernel=generic", "--json"], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert done.returncode == 1 and "can't write" in done.stderr, done


def shell(script):
    return "sh -c " + shlex.quote(script)


def against(script, *options, status=0):
    return run("search", *BRIEF, "--kernel=generic", "--filter=plain", "--json", "--against",
               shell(script), *options, status=status)


def test_against():
    script = ("printf '[12:00]\\033[01;37m Total: 1.00 MH/s\\033[0m\\nTotal: 0.004 MH/s\\n'; "
              "echo 'Total: 6 kH/s'; echo 'Benchmark: 3 H/s'")
    done = against(script, "--against-name=other")
    ours, theirs, ratio = check_document(json.loads(done.stdout))
    assert theirs["kernel"] == "other" and theirs["unit"] == "MH/s", theirs
    assert theirs["samples"] == [0.005] * 3 and theirs["rates_read"] == "total", theirs
    assert theirs["command"] == shell(script) and theirs["pinned"] == "yes", theirs
    assert ratio["unit"] == "ratio" and ratio["name"] == "plain / other", ratio
    assert ratio["kernel"] == "generic" and ratio["threads"] == 1, ratio
    for our, their, pair in zip(ours["samples"], theirs["samples"], ratio["samples"]):
        assert abs(pair / (our / their) - 1) < 1e-9, ratio


def test_against_takes_turns_pinned():
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        cpu = max(os.sched_getaffinity(0))
        script = f"grep Cpus_allowed_list /proc/self/status >> {log}; echo {{threads}} MH/s"
        done = against(script, f"--cpu={cpu}", "--against", shell(script + "; echo 3 MH/s; echo 5 MH/s"))
        with open(log, encoding="utf-8") as file:
            allowed = file.read().split("\n")
    assert allowed == [f"Cpus_allowed_list:\t{cpu}"] * 6 + [""], allowed
    rows = check_document(json.loads(done.stdout))
    assert [row["kernel"] for row in rows] == ["generic", "sh", "sh#2", "generic", "generic"], rows
    assert rows[1]["median"] == 1 and rows[2]["median"] == 4, rows
    assert [row["name"] for row in rows[3:]] == ["plain / sh", "plain / sh#2"], rows


def check_given_up(done, text):
    """Ours is reported all the same."""
    assert text in done.stderr, (text, done.stderr)
    assert [row["kernel"] for row in check_document(json.loads(done.stdout))] == ["generic"], done


def test_against_who_misbehaves():
    check_given_up(against("true", status=1), "no hash rate")
    check_given_up(against("echo many hashes", status=1), "no hash rate")
    check_given_up(against("echo 5 MH/s; exit 3", status=1), "status 3")
    check_given_up(against("echo 5 MH/s; kill -SEGV $$", status=1), "signal 11")
    check_given_up(against("yes", status=1), "more than")
    check_given_up(against("head -c 3000000 /dev/zero | tr '\\0' x", status=1), "no hash rate")
    check_given_up(against("sleep 1000", "--against-seconds=0.2", status=1), "no hash rate")
    done = run("search", *BRIEF, "--kernel=generic", "--filter=plain", "--json",
               "--against=/nonexistent/miner", status=1)
    check_given_up(done, "/nonexistent/miner")
    # One that never ends is stopped, and what it said counts.
    rows = check_document(json.loads(against("echo 5 MH/s; sleep 1000", "--against-seconds=0.2").stdout))
    assert rows[1]["median"] == 5, rows


def interrupted(number, *arguments):
    """Sends a signal once the program is at work; returns status, rows and seconds until the end."""
    process = subprocess.Popen([PROGRAM, "search", "--kernel=generic", "--warmup=0", "--json",
                                *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    sent = time.monotonic()
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    document = json.loads(out)
    assert document["interrupted"] is True, document
    return process.returncode, check_document(document), time.monotonic() - sent


def blocks_folder():
    """Where real blocks are; None, said, without."""
    if os.path.exists(os.path.join(VECTORS, "blocks/mainnet-57043.raw")):
        return VECTORS
    assert os.environ.get("EXS_REQUIRE_VECTORS") != "1", f"no vectors in {VECTORS}"
    print("skipped: no vectors")
    return None


def check_ratio(rows, row, top, bottom, kernel, threads):
    """A ratio row is made of the two others, run by run."""
    find = {(r["name"], r["threads"]): r for r in rows if r["kernel"] == kernel}
    above, below = find[top], find[bottom]
    assert row["unit"] == "ratio" and row["threads"] == threads, row
    for k, value in enumerate(row["samples"]):
        assert abs(value * below["samples"][k] / above["samples"][k] - 1) < 1e-9, row


def test_validate():
    folder = blocks_folder()
    if not folder:
        return
    small = ["--vectors", folder, "--block=mainnet-57043", "--block=mainnet-24835"]
    document = json.loads(run("validate", *small, *BRIEF, "--json").stdout)
    rows, threads = check_document(document), {1, document["machine"]["usable_cpus"]}
    names = {(row["name"], row["threads"]): row for row in rows}
    for block in ("mainnet-57043", "mainnet-24835"):
        for piece in ("parse", "hash", "interpreter", "scripts"):
            row = names[f"{block} {piece}", 1]
            assert row["unit"] == "ms" and row["better"] == "lower" and row["median"] > 0, row
        for piece in ("signatures", "transactions", "block"):
            name = f"{block} {piece}"
            for n in threads:
                assert names[name, n]["cpu_ms"] > 0, (piece, n)
                row = names[f"{name} / one by one", n]
                check_ratio(rows, row, (name, n), (f"{block} one by one", n), "libsecp256k1", n)
                assert row["better"] == "lower" and row["cpu_ratio"] > 0, row
            for n in threads - {1}:
                check_ratio(rows, names[f"{name} speedup", n], (name, 1), (name, n), "libsecp256k1", n)
    row = names["mainnet-57043 one by one", 1]
    assert row["signatures"] >= names["mainnet-57043 block", 1]["inputs"] > 100, row
    # Only blocks of wanted rows are loaded: the third does not exist.
    rows = rows_of("validate", *small, "--block=mainnet-5", *BRIEF, "--threads=1", "--filter=57043 parse")
    assert [row["name"] for row in rows] == ["mainnet-57043 parse"], rows
    assert "no row" in run("validate", *small, *BRIEF, "--filter=frob", status=1).stderr


def test_validate_refuses():
    """No blocks, blocks that are none, or not valid: nothing is measured."""
    assert "no blocks" in run("validate", *BRIEF, status=1).stderr
    folder = blocks_folder()
    if not folder:
        return
    os.environ["EXS_VECTORS"] = folder
    assert rows_of("validate", *BRIEF, "--block=mainnet-24835", "--filter=parse")
    assert "validate: skipped" in run("all", *BRIEF, "--kernel=generic", "--filter=plain").stderr
    del os.environ["EXS_VECTORS"]
    assert "is no block" in run("validate", *BRIEF, "--vectors", folder, "--block=x", status=1).stderr
    with tempfile.TemporaryDirectory() as copy:
        os.mkdir(os.path.join(copy, "blocks"))
        for end in ("", "-undo"):
            name = f"blocks/mainnet-24835{end}.raw"
            with open(os.path.join(folder, name), "rb") as file:
                data = bytearray(file.read())
            # The proof of work is wrong, which a whole validation alone can tell.
            data[76] ^= not end
            with open(os.path.join(copy, name), "wb") as file:
                file.write(data)
        done = run("validate", *BRIEF, "--vectors", copy, "--block=mainnet-24835", "--filter=block", status=1)
    assert "high-hash" in done.stderr, done


def test_interruption():
    status, rows, seconds = interrupted(signal.SIGINT, "--seconds=0.01", "--runs=1000", "--repeat=0")
    assert status == 130 and rows and 0 < rows[0]["runs"] < 1000, (status, rows)
    assert seconds < 20, seconds
    status, rows, seconds = interrupted(signal.SIGTERM, "--seconds=1000")
    assert status == 130 and rows == [] and seconds < 20, (status, rows, seconds)


def test_interruption_ends_the_other_program():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "pid")
        script = f"echo $$ > {path}; echo 5 MH/s; sleep 1000"
        status, rows, seconds = interrupted(signal.SIGINT, "--seconds=0.002", "--repeat=0",
                                            "--against", shell(script))
        assert status == 130 and seconds < 20, (status, seconds)
        assert all(row["kernel"] == "generic" for row in rows), rows
        with open(path, encoding="utf-8") as file:
            pid = int(file.read())
    try:
        os.kill(pid, 0)
        raise AssertionError(f"the other program, {pid}, still runs")
    except ProcessLookupError:
        pass


def main():
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            began = time.monotonic()
            test()
            print(f"{name}: passed ({time.monotonic() - began:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
