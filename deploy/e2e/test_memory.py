"""The server's memory while many clients pull a large table."""

import subprocess
import time

import bigtable
import releases

CLIENTS = 64
TABLE_BYTES = 1_000_000_000
MEMORY_KIB_MAX = 300 * 1024


def pull(urls):
    """One client: every file of the table, one after the other."""
    command = ["curl", "-sS", "--fail", "-w", "%{size_download}\n"]
    for url in urls:
        command += ["-o", "/dev/null", url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_memory_stays_under_300_mib_while_64_clients_pull_a_gigabyte(server):
    manifest = bigtable.write(server.store, size_bytes=TABLE_BYTES)
    releases.publish(server, manifest)
    company = server.company("sandbox")
    files = company.files("bulk", "synthetic", "measurement")
    size = sum(file["size_bytes"] for file in files)

    start = time.monotonic()
    clients = [pull([file["url"] for file in files]) for _ in range(CLIENTS)]
    worst = {}
    while any(client.poll() is None for client in clients):
        for name, kib in server.process.memory_kib().items():
            worst[name] = max(worst.get(name, 0), kib)
        time.sleep(0.05)
    took = time.monotonic() - start
    for client in clients:
        output, errors = client.communicate()
        assert client.returncode == 0, errors.decode()
        assert sum(map(int, output.split())) == size
    figures = ", ".join(f"{name} {kib // 1024} MiB" for name, kib in sorted(worst.items()))
    print(f"{CLIENTS} clients x {size / 1e9:.2f} GB in {took:.0f} s ({CLIENTS * size / took / 1e9:.2f} GB/s): {figures}")
    # RssFile is the page cache of the memory map: shared with the system, and given back whenever it wants it.
    assert worst["RssAnon"] < MEMORY_KIB_MAX
    assert worst["VmRSS"] < MEMORY_KIB_MAX
