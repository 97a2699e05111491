# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by control-plane.sh: certificates, tokens, kubeconfigs and the rights of
# their users.

readonly api_port=6443

# Elliptic curves: RSA keys would add two seconds to each start.
new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

new_ca() {
    local name=$1 key=$2 cert=$3
    new_key "$key"
    openssl req -x509 -new -key "$key" -out "$cert" -days 365 -subj "/CN=$name" \
        -config /dev/stdin <<'CONFIG'
[req]
distinguished_name = name
x509_extensions = ca
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CONFIG
}

# new_cert DIR NAME SUBJECT EXTENSIONS: DIR/pki/NAME.{key,crt}, signed by the CA.
new_cert() {
    local dir=$1 name=$2 subject=$3 extensions=$4
    new_key "$dir/pki/$name.key"
    openssl req -new -key "$dir/pki/$name.key" -subj "$subject" \
        -config <(printf '[req]\ndistinguished_name = name\n[name]\n') |
        openssl x509 -req -CA "$dir/ca.crt" -CAkey "$dir/pki/ca.key" \
            -set_serial "0x$(openssl rand -hex 8)" -days 365 \
            -extfile <(printf '%s\n' "$extensions") -out "$dir/pki/$name.crt" 2>/dev/null
}

write_certificates() {
    local dir=$1 address=$2 service_ip=$3
    new_ca hostgwd-test "$dir/pki/ca.key" "$dir/ca.crt"
    new_ca hostgwd-wrong "$dir/pki/wrong-ca.key" "$dir/wrong-ca.crt"
    chmod 0644 "$dir/ca.crt" "$dir/wrong-ca.crt"
    new_cert "$dir" server /CN=kube-apiserver "extendedKeyUsage = serverAuth
subjectAltName = IP:$address, IP:127.0.0.1, IP:$service_ip, DNS:kubernetes, \
DNS:kubernetes.default.svc"
    new_cert "$dir" admin /O=system:masters/CN=admin "extendedKeyUsage = clientAuth"
    new_key "$dir/pki/serviceaccounts.key"
    openssl pkey -in "$dir/pki/serviceaccounts.key" -pubout -out "$dir/pki/serviceaccounts.pub"
}

# write_kubeconfig URL CA USER...: the rest are the lines of the user.
write_kubeconfig() {
    local url=$1 ca=$2
    shift 2
    cat <<KUBECONFIG
apiVersion: v1
kind: Config
current-context: test
clusters:
- name: test
  cluster:
    server: $url
    $ca
contexts:
- name: test
  context:
    cluster: test
    user: test
users:
- name: test
  user:
KUBECONFIG
    printf '    %s\n' "$@"
}

# write_token DIR URL CA NAME USER [GROUP]: a user known by a token, and its kubeconfig.
write_token() {
    local dir=$1 name=$4 user=$5 token
    token=$(openssl rand -hex 32)
    printf '%s,%s,%s%s\n' "$token" "$user" "$user" "${6:+,$6}" >>"$dir/pki/tokens.csv"
    write_kubeconfig "$2" "$3" "token: $token" >"$dir/$name.kubeconfig"
}

# write_kubeconfigs DIR URL KUBELETS
write_kubeconfigs() {
    local dir=$1 url=$2 name names ca
    ca="certificate-authority-data: $(base64 -w0 "$dir/ca.crt")"
    write_kubeconfig "$url" "$ca" \
        "client-certificate-data: $(base64 -w0 "$dir/pki/admin.crt")" \
        "client-key-data: $(base64 -w0 "$dir/pki/admin.key")" >"$dir/admin.kubeconfig"
    write_kubeconfig "$url" "certificate-authority: ca.crt" \
        "client-certificate: pki/admin.crt" \
        "client-key: pki/admin.key" >"$dir/admin-files.kubeconfig"
    for name in hostgwd readonly; do
        write_token "$dir" "$url" "$ca" "$name" "$name"
    done
    [[ $3 ]] || return 0
    write_token "$dir" "$url" "$ca" kube-proxy system:kube-proxy
    IFS=, read -ra names <<<"$3"
    for name in "${names[@]}"; do
        write_token "$dir" "$url" "$ca" "$name" "system:node:$name" system:nodes
    done
}

rbac_objects() {
    cat <<'RBAC'
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: hostgwd}
rules:
- {apiGroups: [""], resources: [nodes], verbs: [get, list, watch]}
- {apiGroups: [""], resources: [nodes/status], verbs: [patch]}
- {apiGroups: ["", events.k8s.io], resources: [events], verbs: [create, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: readonly}
rules:
- {apiGroups: [""], resources: [nodes], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: hostgwd}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: hostgwd}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: hostgwd}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: readonly}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: readonly}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: readonly}]
RBAC
}
