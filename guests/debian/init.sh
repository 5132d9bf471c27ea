#!/bin/busybox sh
# First process of the busybox guest. On the kernel's command line:
#   tv_run="COMMAND"   run it, print its exit status, power off (the kernel hands unknown words to us as variables)
#   tv_quit=reboot     reboot instead of powering off
# Without tv_run: an interactive shell on the console; power off when it ends.

export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root PS1='guest:\w# '
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
cd /root

for module in $(cat /lib/modules/order 2>/dev/null); do
  insmod "/lib/modules/$module" || echo "transvisor: cannot load $module"
done

# What poweroff, halt and reboot send to the first process.
trap 'poweroff -f' USR2
trap 'halt -f' USR1
trap 'reboot -f' TERM

echo "transvisor: user space reached ($(uname -sr))"

if [ -n "$tv_run" ]; then
  sh -c "$tv_run"
  echo "transvisor: exit status $?"
else
  # A background job with a wait, so that the signals above are served while the shell runs.
  setsid cttyhack sh &
  wait $!
fi

sync
[ "$tv_quit" = reboot ] && reboot -f
poweroff -f
