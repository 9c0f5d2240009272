# Tries every way out of a sandbox that is named in its argument, and prints what became of each, one line of JSON.
import ctypes, errno, json, os, socket, struct, sys

wanted = json.loads(sys.argv[1])
socket.setdefaulttimeout(5)


def through_proxy(head):
    with socket.create_connection(('127.0.0.1', 3128)) as way:
        way.sendall(head.encode() + b'\r\n\r\n')
        answer = b''
        while b'\r\n' not in answer:
            chunk = way.recv(4096)
            if not chunk:
                return 'closed'
            answer += chunk
        return int(answer.split(b' ')[1])


def attempt(work):
    try:
        return work()
    except socket.timeout:
        return 'timeout'
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno)) if error.errno and error.errno > 0 else 'no name'


def tcp(address, port):
    with socket.create_connection((address, port)):
        return 'connected'


def udp(address, port):
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as way:
        way.sendto(b'\0' * 32, (address, port))
        return 'sent'


def ping(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as way:
        way.sendto(struct.pack('!BBHHH', 8, 0, 0xf7fe, 1, 0), (address, 0))
        return 'sent'


def unix(path):
    with socket.socket(socket.AF_UNIX) as way:
        way.connect(path.replace('@', '\0'))
        return 'connected'


def family(number, kind, protocol):
    with socket.socket(number, kind, protocol) as way:
        return 'opened'


def call(number, *values):
    libc = ctypes.CDLL(None, use_errno=True)
    answer = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(value) for value in values])
    if answer == -1:
        raise OSError(ctypes.get_errno(), '')
    return 'done'


def up():
    import fcntl
    with socket.socket() as way:
        # SIOCSIFFLAGS, to bring an interface up.
        fcntl.ioctl(way, 0x8914, struct.pack('16sH22x', b'sit0', 1))
        return 'done'


found = {}
for target in wanted.get('connect', []):
    found['CONNECT ' + target] = attempt(lambda: through_proxy(f'CONNECT {target} HTTP/1.1\r\nHost: {target}'))
for url in wanted.get('get', []):
    found['GET ' + url] = attempt(lambda: through_proxy(f'GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close'))
for address, port in wanted['tcp']:
    found[f'tcp {address} {port}'] = attempt(lambda: tcp(address, port))
for address, port in wanted['udp']:
    found[f'udp {address} {port}'] = attempt(lambda: udp(address, port))
for path in wanted['unix']:
    found['unix ' + path] = attempt(lambda: unix(path))
for name in wanted['names']:
    found['name ' + name] = attempt(lambda: str(socket.getaddrinfo(name, 443)))
for name, *values in wanted['families']:
    found['family ' + name] = attempt(lambda: family(*values))
others = {'ping': lambda: ping('1.1.1.1'), 'io_uring': lambda: call(425, 1, 0), 'interface': up}
for name in wanted.get('others', []):
    found[name] = attempt(others[name])
print(json.dumps(found))
