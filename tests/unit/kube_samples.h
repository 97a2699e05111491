/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers as an API server gives them, with everything that makes them hard to
 * cut: escapes, brackets in strings, members of one name at several depths.
 */
#ifndef TESTS_UNIT_KUBE_SAMPLES_H
#define TESTS_UNIT_KUBE_SAMPLES_H

#define SAMPLE_NODE_A                                                                           \
	"{\"metadata\":{\"name\":\"node-a\",\"uid\":\"7d2a\",\"resourceVersion\":\"41\","       \
	"\"creationTimestamp\":\"2024-02-20T14:31:24Z\",\"labels\":{\"a\":\"}],{\","            \
	"\"kubernetes.io/os\":\"linux\"},\"annotations\":{"                                     \
	"\"flannel.alpha.coreos.com/backend-type\":\"host-gw\","                                \
	"\"flannel.alpha.coreos.com/public-ip\":\"192.168.2.44\","                              \
	"\"note\":\"not read\","                                                                \
	"\"flannel.alpha.coreos.com/backend-data\":"                                            \
	"\"tab\\t quote\\\" back\\\\ \\u00e9\\ud83d\\ude00 {[\"},"                              \
	"\"managedFields\":[{\"manager\":\"kubelet\",\"fieldsV1\":{\"f:metadata\":{"            \
	"\"f:name\":{}},\"n\":[-0.5e+10,0,1E2,true,false,null]}}]},"                            \
	"\"spec\":{\"podCIDR\":\"10.1.0.0/24\",\"podCIDRs\":[\"10.1.0.0/24\",\"fd00:1::/64\"]," \
	"\"taints\":[{\"key\":\"k\",\"effect\":\"NoSchedule\"}]},"                              \
	"\"status\":{\"capacity\":{\"cpu\":\"2\"},\"conditions\":["                             \
	"{\"type\":\"Ready\",\"status\":\"True\",\"message\":\"x\"},"                           \
	"{\"type\":\"NetworkUnavailable\",\"status\":\"False\",\"reason\":\"FlannelIsUp\","     \
	"\"lastHeartbeatTime\":\"2024-02-20T14:31:24Z\"}],"                                     \
	"\"addresses\":[{\"type\":\"Hostname\",\"address\":\"node-a\"},"                        \
	"{\"type\":\"InternalIP\",\"address\":\"192.168.2.44\"},"                               \
	"{\"type\":\"InternalIP\",\"address\":\"2001:db8::44\"}],"                              \
	"\"images\":[{\"names\":[\"a@sha256:00\",\"a:1\"],\"sizeBytes\":123456789}],"           \
	"\"nodeInfo\":{\"name\":\"not the name\"}}}"

#define SAMPLE_NODE_B                                                                          \
	"{\"metadata\":{\"managedFields\":[],\"name\":\"node-b\",\"resourceVersion\":\"42\"}," \
	"\"spec\":{\"podCIDR\":\"10.1.1.0/24\"},\"status\":{\"images\":[]}}"

#define SAMPLE_LIST                                                                                \
	"{\"kind\":\"NodeList\",\"apiVersion\":\"v1\",\"extra\":[{\"items\":[{\"a\":1}]}],"        \
	"\"metadata\":{\"resourceVersion\":\"42\",\"remainingItemCount\":7,\"continue\":\"abc\"}," \
	"\n \t\"items\" : [ " SAMPLE_NODE_A ",\r\n" SAMPLE_NODE_B ",{},{ } ]  }\n"

#define SAMPLE_WATCH                                                                         \
	"{\"type\":\"ADDED\",\"object\":" SAMPLE_NODE_A "}\n"                                \
	"{\"object\":" SAMPLE_NODE_B ",\"type\":\"DELETED\"}\n"                              \
	"{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Node\",\"metadata\":{"                \
	"\"resourceVersion\":\"50\",\"creationTimestamp\":null},\"spec\":{},\"status\":{}}}" \
	"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"metadata\":{},"               \
	"\"status\":\"Failure\",\"message\":\"too old\",\"reason\":\"Expired\",\"code\":410}}\n"

#endif
