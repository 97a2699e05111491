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


# The names under which flannel's manifests call programs of its image.


@pytest.fixture(name="image")
def make_image(tmp_path: Path) -> Path:
    """A folder with the links that the image has."""
    for name in ("opt/bin/flanneld", "opt/bin/install-conf", "bin/cp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(HOSTGWD)
    (tmp_path / "cni-conf.json").write_text(CONFLIST, encoding="ascii")
    (tmp_path / "net.d").mkdir()
    return tmp_path


CONFLIST = '{"name": "cbr0", "cniVersion": "0.3.1", "plugins": [{"type": "flannel"}]}\n'


def run_in(image: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """The command with paths that begin with @ inside the image."""
    words = [word.replace("@", f"{image}/") for word in command]
    return subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    "command",
    [
        ["@bin/cp", "-f", "@cni-conf.json", "@net.d/10-flannel.conflist"],
        ["@opt/bin/install-conf", "@cni-conf.json", "@net.d/10-flannel.conflist"],
        ["@bin/cp", "@cni-conf.json", "@net.d/10-flannel.conflist"],
    ],
    ids=str,
)
def test_init_containers_install_the_list(image: Path, command: list[str]) -> None:
    target = image / "net.d/10-flannel.conflist"
    target.write_text("what was there before", encoding="ascii")
    done = run_in(image, *command)
    assert done.returncode == 0, done.stderr
    assert target.read_text(encoding="ascii") == CONFLIST
    assert target.stat().st_mode & 0o777 == 0o644
    before = target.stat().st_ino
    assert run_in(image, *command).returncode == 0
    assert target.stat().st_ino == before, "it was right already"
    assert os.listdir(image / "net.d") == ["10-flannel.conflist"]


def test_copying_into_a_folder(image: Path) -> None:
    assert run_in(image, "@bin/cp", "-f", "@cni-conf.json", "@net.d").returncode == 0
    assert (image / "net.d/cni-conf.json").read_text(encoding="ascii") == CONFLIST


def test_the_flannel_plugin_stays(image: Path) -> None:
    """Our image does not have it; a node that ran flannel does."""
    plugin = image / "net.d/flannel"
    done = run_in(image, "@bin/cp", "-f", "/flannel", str(plugin))
    assert done.returncode == 1
    assert "flannel-cni-plugin" in done.stderr and "--cni-conf-file" in done.stderr
    plugin.write_text("the plugin", encoding="ascii")
    plugin.chmod(0o755)
    done = run_in(image, "@bin/cp", "-f", "/flannel", str(plugin))
    assert done.returncode == 0
    assert "stays as it is" in done.stderr
    assert plugin.read_text(encoding="ascii") == "the plugin"


@pytest.mark.parametrize(
    "command, code, says",
    [
        (["@bin/cp"], USAGE, "cp: expected SOURCE and TARGET"),
        (["@bin/cp", "-r", "@net.d", "@x"], USAGE, "cp: expected SOURCE and TARGET"),
        (["@opt/bin/install-conf", "@a"], USAGE, "install-conf: expected SOURCE and TARGET"),
        (["@bin/cp", "-f", "@absent", "@x"], 1, "absent: No such file"),
        (["@bin/cp", "-f", "/bin/true", "@x"], 1, "cp: "),
    ],
    ids=str,
)
def test_init_container_mistakes(image: Path, command: list[str], code: int, says: str) -> None:
    done = run_in(image, *command)
    assert done.returncode == code
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (image / "x").exists()


def test_flanneld_is_the_daemon(image: Path) -> None:
    done = run_in(image, "@opt/bin/flanneld", "--version")
    assert done.returncode == 0
    assert done.stdout.startswith("hostgwd ")
