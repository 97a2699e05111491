#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The first process of a machine (see machine.py), in namespaces of its own: builds the machine's
# root and keeps its services running, as systemd would. The root is the real one's /usr, a copy on
# write of /etc, and folders of the machine's own, of which /run and /tmp do not outlive it.
#
# Arguments: the machine's folder, its name, and the folders of Kubernetes', containerd's and
# hostgwd's programs, which it finds under /opt.

set -euo pipefail

folder=$1 name=$2 kubernetes=$3 containerd=$4 hostgwd=$5
readonly folder name kubernetes containerd hostgwd
export PATH=/opt/kubernetes:/opt/containerd:/opt/hostgwd:/usr/sbin:/usr/bin

bind() {
    mkdir -p "$2"
    mount --bind "$1" "$2"
    [[ ${3-} != ro ]] || mount -o remount,bind,ro "$2"
}

# In the machine's cgroup namespace each hierarchy begins with the machine's own group.
mount_cgroups() {
    local controllers
    mount -t tmpfs cgroup sys/fs/cgroup
    while IFS=: read -r _ controllers _; do
        [[ $controllers && $controllers != name=* ]] || continue
        mkdir "sys/fs/cgroup/$controllers"
        mount -t cgroup -o "$controllers" cgroup "sys/fs/cgroup/$controllers"
    done </proc/self/cgroup
}

# kubelet sets these for the whole real machine, unless they are what it wants.
hide_machine_wide_sysctls() {
    local setting
    for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
        kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
        mkdir -p "run/sysctl/$(dirname "$setting")"
        echo "${setting#*=}" >"run/sysctl/${setting%=*}"
        mount --bind "run/sysctl/${setting%=*}" "proc/sys/${setting%=*}"
    done
}

build_root() {
    local root=$folder/root link
    mkdir -p "$root" "$folder"/{etc/cni,etc.work,etc.cni} \
        "$folder"/var/{log,tmp,lib/{cni,containerd,hostgw,kubelet}}
    mount -t tmpfs -o mode=755 root "$root"
    cd "$root"
    mkdir proc sys old root
    for link in /bin /sbin /lib /lib32 /lib64 /libx32; do
        [[ ! -L $link ]] || cp -P "$link" .
    done
    bind /usr usr ro
    mkdir etc run tmp
    mount -t overlay etc -o "lowerdir=/etc,upperdir=$folder/etc,workdir=$folder/etc.work" etc
    bind "$folder/etc.cni" etc/cni
    bind "$folder/var" var
    ln -sfn /run var/run
    mount -t tmpfs -o mode=755 run run
    mount -t tmpfs tmp tmp
    mkdir dev && mount --rbind /dev dev
    bind /usr/lib/cni opt/cni/bin ro
    bind "$kubernetes" opt/kubernetes ro
    bind "$containerd" opt/containerd ro
    bind "$hostgwd" opt/hostgwd ro
    mount -t proc proc proc
    mount -t sysfs sys sys
    mount_cgroups
    hide_machine_wide_sysctls
    mkdir run/lock
    : >run/resolv.conf # no name is resolved by the real machine's servers
    mount --bind run/resolv.conf etc/resolv.conf
    pivot_root . old
    umount -l /old
    mount --make-rshared /
}

# supervise NAME COMMAND...: runs it, and again when it ends; its process id is in /run/NAME.pid.
supervise() {
    local service=$1
    shift
    while true; do
        "$@" </dev/null >>"/var/log/$service.log" 2>&1 &
        echo $! >"/run/$service.pid"
        wait $! || true
        sleep 0.5
    done
}

# A service of those machines that have its settings, as with the Debian package.
hostgwd_if_set_up() {
    local settings=/etc/hostgwd/hostgwd.conf
    if [[ -e $settings ]]; then
        set -a
        # shellcheck source=/dev/null
        . "$settings"
        exec hostgwd
    fi
}

hostname "$name"
build_root
supervise containerd containerd --config=/etc/containerd/config.toml &
supervise kubelet kubelet --config=/etc/kubernetes/kubelet.yaml \
    --kubeconfig=/etc/kubernetes/kubelet.kubeconfig --hostname-override="$name" \
    --node-ip="$(ip -4 -o address show dev ens192 | awk '{split($4, a, "/"); print a[1]}')" \
    --container-runtime=remote --root-dir=/var/lib/kubelet \
    --container-runtime-endpoint=unix:///run/containerd/containerd.sock &
supervise kube-proxy kube-proxy --config=/etc/kubernetes/kube-proxy.yaml \
    --hostname-override="$name" &
supervise hostgwd hostgwd_if_set_up &
# bash waits for whatever ends in this process namespace.
while true; do
    wait
done
