# SPDX-License-Identifier: GPL-2.0-or-later
"""What people type: help, misspelt words, and what is printed for man and for shells to read."""

import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Generator

import pytest

HOSTGWD = os.environ["HOSTGWD"]
USAGE = 2


def hostgwd(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HOSTGWD, *arguments], capture_output=True, text=True, timeout=30, env={}, check=False
    )


def generate(form: str) -> str:
    answer = hostgwd("generate", form)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.parametrize("arguments", [["help"], ["--help"], ["-h"], ["plan", "--help"]], ids=str)
def test_help(arguments: list[str]) -> None:
    answer = hostgwd(*arguments)
    assert answer.returncode == 0
    assert "hostgwd --nodes-file FILE" in answer.stdout
    assert "--kube-subnet-mgr" in answer.stdout


@pytest.mark.parametrize("argument", ["version", "--version"])
def test_version(argument: str) -> None:
    answer = hostgwd(argument)
    assert answer.returncode == 0
    assert answer.stdout.startswith("hostgwd ")


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["vesion"], "did you mean version?"),
        (["paln", "--ip-masq"], "did you mean plan?"),
        (["something"], 'unknown command "something"; hostgwd --help'),
        (["--ifcae=eth1"], "unknown flag --ifcae=eth1; did you mean --iface?"),
        (["generate"], "man, bash or zsh"),
        (["generate", "html"], "man, bash or zsh"),
    ],
    ids=str,
)
def test_mistakes(arguments: list[str], says: str) -> None:
    answer = hostgwd(*arguments)
    assert answer.returncode == USAGE
    assert says in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert answer.stdout == ""


def test_man_page_is_sound() -> None:
    page = subprocess.run(
        ["groff", "-ww", "-z", "-man", "-Tutf8"],
        input=generate("man"),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert page.stderr == ""


BASH = """
source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_hostgwd
printf '%s\\n' "${COMPREPLY[@]}"
"""


# As bash divides a line: = is a word of its own.
@pytest.mark.parametrize(
    "words, among, absent",
    [
        (["pl"], {"plan"}, {"--ip-masq"}),
        (["--ip-"], {"--ip-masq", "--ip-blackhole-route"}, {"plan", "--iface"}),
        (["plan", "--ifa"], {"--iface", "--iface-regex"}, {"plan"}),
        (["--nexthop-objects", ""], {"auto", "always", "never"}, {"plan", "--iface"}),
        (["--nexthop-objects", "=", "al"], {"always"}, {"auto"}),
        (["--nexthop-objects", "="], {"auto", "always", "never"}, {"plan"}),
        (["plan", "-o", "j"], {"json"}, {"text"}),
        (["-nexthop-objects", "n"], {"never"}, {"auto"}),
        (["generate", ""], {"man", "bash", "zsh"}, {"plan"}),
        (["--nodes-file", "FOLDER/no"], {"FOLDER/nodes.yaml"}, {"plan"}),
        (["--state-dir", "FOLDER/"], {"FOLDER/inner"}, {"FOLDER/nodes.yaml"}),
        (["--route-metric", ""], set(), {"plan", "--iface"}),
        (["--etcd-p"], set(), {"--etcd-prefix"}),
    ],
    ids=str,
)
def test_bash_completes(
    tmp_path: Path, words: list[str], among: set[str], absent: set[str]
) -> None:
    script = tmp_path / "script"
    script.write_text(generate("bash"), encoding="utf-8")
    (tmp_path / "nodes.yaml").touch()
    (tmp_path / "inner").mkdir()
    words = [word.replace("FOLDER", str(tmp_path)) for word in words]
    answer = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", str(script), "hostgwd", *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    found = {line.replace(str(tmp_path), "FOLDER") for line in answer.stdout.splitlines()}
    assert answer.stderr == ""
    assert among <= found
    assert not absent & found


class Zsh:
    """A shell in a terminal of its own, in which keys are pressed."""

    def __init__(self, folder: Path) -> None:
        self.seen = ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"], {"TERM": "dumb", "PATH": os.environ["PATH"]})
        self.press(
            f"fpath=({folder} $fpath); autoload -U compinit; compinit -u -D; "
            "setopt NO_BEEP; LISTMAX=1000; PS1=; print BE''GIN\n"
        )
        self.wait("BEGIN")
        self.wait("?2004h")  # the line editor is at work

    def press(self, keys: str) -> None:
        self.seen = ""
        os.write(self.terminal, keys.encode())

    def wait(self, text: str) -> None:
        deadline = time.monotonic() + 30
        while text not in self.seen and time.monotonic() < deadline:
            if select.select([self.terminal], [], [], 0.5)[0]:
                self.seen += os.read(self.terminal, 65536).decode(errors="replace")
        assert text in self.seen, self.seen

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


@pytest.fixture(name="zsh")
def make_zsh(tmp_path: Path) -> Generator[Zsh, None, None]:
    (tmp_path / "_hostgwd").write_text(generate("zsh"), encoding="utf-8")
    shell = Zsh(tmp_path)
    yield shell
    shell.close()


@pytest.mark.parametrize(
    "line, shown",
    [
        ("hostgwd ver", "version"),
        ("hostgwd generate z", "zsh"),
        ("hostgwd --ip-b", "--ip-blackhole-route"),
        ("hostgwd plan --nexthop-objects=ne", "never"),
        ("hostgwd --iface-", "--iface-can-reach"),
        ("hostgwd --iface=eth0 --iface-r", "--iface-regex"),
    ],
)
def test_zsh_completes(zsh: Zsh, line: str, shown: str) -> None:
    zsh.press(line + "\t")
    zsh.wait(shown)
    assert "error" not in zsh.seen, zsh.seen
