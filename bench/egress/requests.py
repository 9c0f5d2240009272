# Makes requests and prints what each took, in milliseconds, as one line of JSON. Its argument is JSON:
# proxy: host and port, or null · host, port: what to reach · secure: with TLS · count: requests, each on a connection of
# its own · path · bytes: of a body to send.
import http.client, json, ssl, sys, time

asked = json.loads(sys.argv[1])
trusting = ssl._create_unverified_context()
body = b'x' * asked['bytes'] or None
took = []


def connect():
    place = asked['proxy'] or [asked['host'], asked['port']]
    if not asked['secure']:
        return http.client.HTTPConnection(*place, timeout=20)
    connection = http.client.HTTPSConnection(*place, timeout=20, context=trusting)
    if asked['proxy']:
        connection.set_tunnel(asked['host'], asked['port'])
    return connection


for _ in range(asked['count']):
    start = time.perf_counter()
    connection = connect()
    path = asked['path'] if asked['secure'] or not asked['proxy'] else f"http://{asked['host']}{asked['path']}"
    connection.request('POST' if body else 'GET', path, body, {'X-Key': asked['key']})
    answer = connection.getresponse()
    while answer.read(1 << 20):
        pass
    took.append((time.perf_counter() - start) * 1000)
    if answer.status != 200:
        raise SystemExit(f'status {answer.status}')
    connection.close()
print(json.dumps(took))
