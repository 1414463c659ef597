"""The ACME server acme2certifier over HTTPS at 127.0.0.1: server.py PORT READY_FILE. Its settings are in ACME_SRV_CONFIGFILE.

It is the real server, with its own certificate authority. What it lacks here is the public network: names lead to the
gateway whose ready file is named, instead of to port 80 of an address from the DNS.
"""

import json
import ssl
import sys
from urllib.parse import urlsplit
from wsgiref.simple_server import make_server

import requests
from acme2certifier.acme_srv import helper
from acme2certifier.share.acme2certifier_wsgi import application, get_handler_cls

port, ready_file = int(sys.argv[1]), sys.argv[2]


def resolve(_logger, _host, _servers=None, catch_all=False):
    return (["127.0.0.1"] if catch_all else "127.0.0.1"), False, None


def fetch(_logger, host, path, pinned_ips, verify=True, timeout=20):
    with open(ready_file, encoding="utf-8") as ready:
        gateway = urlsplit(json.load(ready)["redirect_url"]).netloc
    answer = requests.get(f"http://{gateway}{path}", headers={"Host": host}, timeout=timeout, allow_redirects=False)
    return answer.text, answer.status_code, None


helper.fqdn_resolve = resolve
helper.url_get_dns_pinned = fetch

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem")
server = make_server("127.0.0.1", port, application, handler_class=get_handler_cls())
server.base_environ["HTTPS"] = "on"
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
