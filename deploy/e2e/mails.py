"""The mails that a demo writes into its folder, read as a mail program would."""

import re
import time
from email import message_from_bytes, policy
from pathlib import Path

import sandbox


def mails(address, folder=None):
    """The mails to an address, oldest first."""
    folder = Path(folder or sandbox.FOLDER / "demo" / "mail")
    files = sorted(folder.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    read = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return [mail for mail in read if address in mail["to"]]


def wait_for_link(address, part, seconds=30):
    """The path of the last link with that part in it that was mailed to an address."""
    end = time.monotonic() + seconds
    while True:
        for mail in reversed(mails(address)):
            if found := re.search(rf"https?://[^/\s]+(/\w\w/{part}/\S+)", mail.get_content()):
                return found[1]
        assert time.monotonic() < end, f"no mail to {address} with /{part}/"
        time.sleep(0.1)
