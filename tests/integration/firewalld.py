# SPDX-License-Identifier: GPL-2.0-or-later
"""The real firewalld, on a D-Bus of its own."""

from private_root import PrivateRoot
from waiting import poll

BUS = """\
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""


def start_firewalld(root: PrivateRoot, *setting: str) -> None:
    """Without PolicyKit, which this bus does not start: then root may do everything. `setting`: for
    firewall-offline-cmd, before it starts."""
    root.run("mkdir", "/run/dbus")
    root.write("/run/bus.conf", BUS)
    root.start("dbus-daemon", "--config-file=/run/bus.conf", "--nofork", "--nopidfile", name="bus")
    poll(lambda: root.run("test", "-S", "/run/dbus/system_bus_socket", check=False).returncode == 0,
         "the bus listens")  # fmt: skip
    if setting:
        root.run("firewall-offline-cmd", *setting)
    root.start("firewalld", "--nofork", "--nopid", name="firewalld")
    poll(lambda: root.run("firewall-cmd", "--state", check=False).returncode == 0,
         "firewalld is up", 60)  # fmt: skip
