#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run inside the build root: prints the image's bill of materials (SPDX 2.3, JSON).

Usage: sbom.py VERSION COMMIT ARCH
It is the same for the same sources and package versions: its date is SOURCE_DATE_EPOCH and its
name space comes from its contents.
"""

import datetime
import hashlib
import json
import os
import subprocess
import sys

# What the image holds besides hostgwd: Debian's source package, how it is in there, its licence.
FROM_DEBIAN = {
    "libuv1-dev": ("libuv1", "STATIC_LINK", "MIT"),
    "libnftnl-dev": ("libnftnl", "STATIC_LINK", "GPL-2.0-or-later"),
    "libyaml-dev": ("libyaml", "STATIC_LINK", "MIT"),
    "libpcre2-dev": ("pcre2", "STATIC_LINK", "BSD-3-Clause"),
    "libssl-dev": ("openssl", "STATIC_LINK", "Apache-2.0"),
    "libnghttp2-dev": ("nghttp2", "STATIC_LINK", "MIT"),
    "zlib1g-dev": ("zlib", "STATIC_LINK", "Zlib"),
    "libmnl0": ("libmnl", "DYNAMIC_LINK", "LGPL-2.1-or-later"),
    "libc6": ("glibc", "DYNAMIC_LINK", "LGPL-2.1-or-later"),
    "ca-certificates": ("ca-certificates", "CONTAINS", "MPL-2.0 AND GPL-2.0-or-later"),
}
# Built from Debian's source packages by libraries.sh.
FROM_SOURCE = {
    "curl": "curl",
    "libmicrohttpd": "LGPL-2.1-or-later",
    "cjson": "MIT",
}
SLIM_VERSIONS = "/opt/hostgwd/versions"


def debian_version(package, arch):
    architecture = "" if package == "ca-certificates" else f":{arch}"
    return subprocess.run(
        ["dpkg-query", "-W", "-f", "${source:Version}", package + architecture],
        check=True, capture_output=True, text=True).stdout


def slim_versions():
    with open(SLIM_VERSIONS, encoding="utf-8") as lines:
        return dict(line.split() for line in lines)


def component(name, version, licence, origin):
    return {
        "SPDXID": f"SPDXRef-{name}",
        "name": name,
        "versionInfo": version,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": licence,
        "copyrightText": "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": origin,
        }],
    }


def components(arch):
    """Each other package in the image, and the relation of hostgwd to it."""
    for package, (source, relation, licence) in FROM_DEBIAN.items():
        version = debian_version(package, arch)
        yield component(source, version, licence,
                        f"pkg:deb/debian/{source}@{version}?arch=source"), relation
    versions = slim_versions()
    for source, licence in FROM_SOURCE.items():
        yield component(source, versions[source], licence,
                        f"pkg:deb/debian/{source}@{versions[source]}?arch=source"), "STATIC_LINK"


def document(version, commit, arch):
    own = component("hostgwd", version, "GPL-2.0-or-later",
                    f"pkg:generic/hostgwd@{version}?vcs_revision={commit}&arch={arch}")
    others = list(components(arch))
    packages = [own] + [package for package, _ in others]
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", own["SPDXID"])]
    relations += [(own["SPDXID"], relation, package["SPDXID"]) for package, relation in others]
    contents = hashlib.sha256(json.dumps(packages, sort_keys=True).encode()).hexdigest()
    created = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]),
                                              datetime.timezone.utc)
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"hostgwd-{version}-{arch}",
        "documentNamespace": f"urn:hostgwd:sbom:{contents}",
        "creationInfo": {
            "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Tool: hostgwd-deploy-release-sbom"],
        },
        "packages": packages,
        "relationships": [
            {"spdxElementId": subject, "relationshipType": relation, "relatedSpdxElement": other}
            for subject, relation, other in relations
        ],
    }


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: sbom.py VERSION COMMIT ARCH")
    json.dump(document(*sys.argv[1:]), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
