# $1 is the boot id, $2 tells whether the forwarder takes connections, $3 makes a bundle of authorities.
# Makes the runner's folder, unless somebody has, and tells what holds in here: one "NAME VALUE" a line.
mkdir -p /run/longhand/calls
if [ ! -s /run/longhand/boot ]; then
  echo "$1" > /run/longhand/boot.$$
  mv /run/longhand/boot.$$ /run/longhand/boot
fi
grep -E '^(Uid|Gid|NoNewPrivs|Seccomp|Cap[A-Z][a-z]+):' /proc/self/status
while read -r device at type options rest; do
  case $at in / | /tmp | /workspace | /home/agent | /run/longhand | /dev/shm) echo "mount:$at $type,$options" ;; esac
done < /proc/self/mounts
while read -r name rest; do
  case $name in *:*) ;; *) continue ;; esac
  flags=-
  { read -r flags < "/sys/class/net/${name%%:*}/flags"; } 2>/dev/null
  echo "interface:${name%%:*} $flags"
done < /proc/net/dev
for f in memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us \
  memory.max memory.swap.max pids.max cpu.max; do
  { read -r value < "/sys/fs/cgroup/$f"; } 2>/dev/null && echo "cgroup:$f $value"
done
grep -E '^SwapTotal:' /proc/meminfo
echo "ulimit:nofile $(ulimit -n)"
while read -r first second third soft hard rest; do
  [ "$first $second $third" != 'Max file size' ] || echo "ulimit:fsize $hard"
done < /proc/self/limits
echo "ulimit:core $(ulimit -c)"
if [ -e /run/egress/forward.pl ]; then
  eval "$3"
  i=0
  until eval "$2" || [ $i -ge 200 ]; do sleep 0.01; i=$((i + 1)); done
  [ $i -lt 200 ] || echo 'egress:silent -'
elif [ -e /run/egress ]; then
  echo 'egress:empty -'
fi
[ ! -w /workspace ] || echo 'writable:/workspace -'
read -r boot < /run/longhand/boot
echo "boot $boot"
