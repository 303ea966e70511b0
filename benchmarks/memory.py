"""Peak memory, each case in a process of its own.

``python -m benchmarks.memory`` prints the table; ``python -m benchmarks.memory growth N`` examines N pictures and prints
the memory in use after the first fifty and after the last.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

CASES = {  # ensemble, mode, megapixels; 0 for what is in use before a picture is opened
    "PyTorch imported": ("", "", 0),
    "starter loaded, exact": ("starter", "exact", 0),
    "starter loaded, fast": ("starter", "fast", 0),
    "full ensemble, exact": ("full", "exact", 2),
    "full ensemble, fast": ("full", "fast", 2),
    "starter, 48 megapixels, exact": ("starter", "exact", 48),
    "starter, 48 megapixels, fast": ("starter", "fast", 48),
}


def measure(mode: str, picture: str, weights: str) -> float:
    """Return the peak of this process in GB after two examinations, if there is a picture; it does nothing else."""
    if mode:
        from forensics.detector import load_detector

        detector = load_detector(weights or None, mode=mode)
        for _ in range(2 if picture else 0):
            detector.examine(picture)
    else:
        import torch  # noqa: F401  # its memory is what is measured
    # Not getrusage, whose peak goes on from that of the process that started this one.
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) * 1024 / 1e9


def peak_memory(full_size: str) -> dict[str, float]:
    """Return GB for every case; `full_size` is a folder with weights of the full ensemble."""
    from benchmarks.subjects import jpeg, photograph

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (ensemble, mode, megapixels) in CASES.items():
            picture = ""
            if megapixels:
                path = Path(folder) / f"{megapixels}.jpg"
                path.write_bytes(jpeg(photograph(megapixels)))
                picture = str(path)
            weights = full_size if ensemble == "full" else ""
            command = [sys.executable, "-m", "benchmarks.memory", "one", mode, picture, weights]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[name] = float(done.stdout.split()[-1])
    return found


def growth(n: int, mode: str) -> None:
    """Print the memory in use every fifty pictures."""
    import psutil

    from benchmarks.subjects import jpeg, photograph
    from forensics.detector import load_detector

    data = [jpeg(photograph(megapixels)) for megapixels in (1, 2)]
    detector = load_detector(mode=mode)
    process = psutil.Process()
    for k in range(1, n + 1):
        detector.examine(data[k % 2])
        if k % 50 == 0:
            print(f"{mode}: after {k} pictures {process.memory_info().rss / 1e6:.0f} MB", flush=True)


def main() -> None:
    """Measure one case, growth, or all cases."""
    if sys.argv[1:2] == ["one"]:
        print(measure(*sys.argv[2:5]))
    elif sys.argv[1:2] == ["growth"]:
        growth(int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "exact")
    else:
        from benchmarks.subjects import full_size_weights

        with full_size_weights() as folder:
            for name, value in peak_memory(str(folder)).items():
                print(f"{name}: {value:.2f} GB")


if __name__ == "__main__":
    main()
