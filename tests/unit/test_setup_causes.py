"""The output of a failed program becomes a cause and a next command."""

import pytest

from scripts.setup_steps.causes import explain


@pytest.mark.parametrize(
    ("line", "cause", "next_step"),
    [
        (
            "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1",
            "another apt",
            "make setup",
        ),
        ("tar: write error: No space left on device", "disk is full", "df -h"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE", "hash", "pip cache purge"),
        ("npm error code EAI_AGAIN", "cannot be reached", "proxy"),
        ("  Temporary failure resolving 'mirror.example'", "cannot be reached", "proxy"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "trust", "PIP"),
        ("requirement aiosqlite==0.22.1 (from versions: none)", "cannot be", "PIP_INDEX_URL"),
        ("ERROR: No matching distribution found for uvloop==0.21", "no file for", "3.12"),
        (
            "npm error `npm ci` can only install packages when your package.json and"
            " package-lock.json are in sync",
            "disagree",
            "npm install",
        ),
        ("E: Unable to locate package sip-tester", "does not know", "main"),
        ("E: dpkg was interrupted, you must manually run", "interrupted", "--configure -a"),
        ("EACCES: permission denied, mkdir", "somebody else", "chown"),
    ],
)
def test_a_known_fault_is_explained(line: str, cause: str, next_step: str) -> None:
    found = explain(["Reading package lists...", line, "more"])
    assert found is not None
    assert cause in found[0]
    assert next_step in found[1]


def test_an_unknown_fault_is_left_to_the_log() -> None:
    assert explain(["Segmentation fault"]) is None
