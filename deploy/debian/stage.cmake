# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run by CPack when all files of the package are in their places: what Debian's policy asks for.

file(GLOB_RECURSE pages "${CPACK_TEMPORARY_DIRECTORY}/usr/share/man/*.8")
set(changelog "${CPACK_TEMPORARY_DIRECTORY}/usr/share/doc/hostgwd/changelog.gz")
string(REGEX REPLACE "\\.gz$" "" plain "${changelog}")
execute_process(COMMAND date -u -R -d "@$ENV{SOURCE_DATE_EPOCH}"
  OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(WRITE "${plain}" "hostgwd (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * Built from commit ${CPACK_HOSTGW_COMMIT}; git log tells what changed.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
execute_process(COMMAND gzip -9n ${pages} "${plain}" COMMAND_ERROR_IS_FATAL ANY)
