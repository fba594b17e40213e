#include "agent/sandbox/seccomp_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "base/file.h"

namespace cofferdam::agent {
namespace {

// Not in every distribution's headers.
constexpr int kOpenTreeAttr = 467;
constexpr uint64_t kCloneNewTime = 0x80;
constexpr unsigned kTiocLinux = 0x541C;

// Calls that no command needs. Those that programs probe for and do without
// answer ENOSYS, the others EPERM.
constexpr int kRefused[] = {
    // Other processes.
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_getfd),
    // Mounts and roots.
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    kOpenTreeAttr,
    SCMP_SYS(setns),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(quotactl),
    SCMP_SYS(quotactl_fd),
    // Keys of the session.
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    // The kernel.
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    SCMP_SYS(syslog),
    SCMP_SYS(vhangup),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(nfsservctl),
};
constexpr int kAbsent[] = {
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(clone3),
    SCMP_SYS(uselib),
    // Its flags and modes cannot be seen from here; programs go on with openat.
    SCMP_SYS(openat2),
};

class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ALLOW)) {}
  ~Filter() { seccomp_release(context_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  // A call that this architecture lacks needs no rule.
  void Refuse(int call, int error_number,
              std::initializer_list<scmp_arg_cmp> when = {}) {
    if (call < 0 || failure_ != 0) {
      return;
    }
    const int answer = seccomp_rule_add_array(
        context_, SCMP_ACT_ERRNO(error_number), call,
        static_cast<unsigned>(when.size()), when.begin());
    failure_ = answer;
  }

  Result<std::vector<uint64_t>> Export() {
    if (context_ == nullptr || failure_ != 0) {
      return Error::FromErrno(failure_ == 0 ? ENOMEM : -failure_,
                              "make the seccomp filter");
    }
    seccomp_attr_set(context_, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    seccomp_attr_set(context_, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
    FileDescriptor memory(memfd_create("seccomp", MFD_CLOEXEC));
    const int answer = seccomp_export_bpf(context_, memory.get());
    struct stat status = {};
    if (answer != 0 || fstat(memory.get(), &status) != 0) {
      return Error::FromErrno(answer != 0 ? -answer : errno,
                              "export the seccomp filter");
    }
    std::vector<uint64_t> program(static_cast<size_t>(status.st_size) /
                                  sizeof(uint64_t));
    const size_t bytes = program.size() * sizeof(uint64_t);
    if (pread(memory.get(), program.data(), bytes, 0) !=
        static_cast<ssize_t>(bytes)) {
      return Error::FromErrno(EIO, "read the seccomp filter");
    }
    return program;
  }

 private:
  scmp_filter_ctx context_;
  int failure_ = 0;
};

// clone and unshare with any of these make a namespace.
void RefuseNamespaces(Filter& filter) {
  constexpr uint64_t kFlags[] = {
      CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
      CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET,
  };
  for (const uint64_t flag : kFlags) {
    filter.Refuse(SCMP_SYS(clone), EPERM,
                  {SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag)});
    filter.Refuse(SCMP_SYS(unshare), EPERM,
                  {SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag)});
  }
  filter.Refuse(SCMP_SYS(unshare), EPERM,
                {SCMP_A0(SCMP_CMP_MASKED_EQ, kCloneNewTime, kCloneNewTime)});
}

// Only these families remain: the internet's, where it leads nowhere or is
// allowed, routes (which getaddrinfo and getifaddrs ask for), and Unix sockets
// as the policy has it.
void RefuseSockets(Filter& filter, const SeccompRules& rules) {
  const int socket_call = SCMP_SYS(socket);
  filter.Refuse(socket_call, EPERM,
                {SCMP_A0(SCMP_CMP_GT, static_cast<uint64_t>(AF_NETLINK))});
  for (int family = 0; family <= AF_NETLINK; ++family) {
    const bool kept =
        family == AF_NETLINK ||
        (family == AF_UNIX && rules.unix_sockets == UnixSockets::kAllowed) ||
        ((family == AF_INET || family == AF_INET6) &&
         rules.network == Network::kOn);
    if (!kept) {
      filter.Refuse(socket_call, EPERM,
                    {SCMP_A0(SCMP_CMP_EQ, static_cast<uint64_t>(family))});
    }
  }
  filter.Refuse(socket_call, EPERM,
                {SCMP_A0(SCMP_CMP_EQ, static_cast<uint64_t>(AF_NETLINK)),
                 SCMP_A2(SCMP_CMP_NE, static_cast<uint64_t>(NETLINK_ROUTE))});
  if (rules.unix_sockets == UnixSockets::kPairsOnly) {
    // Half a pair of datagram sockets can send to any name; SOCK_RAW is the
    // same thing.
    constexpr uint64_t kTypes = 0xf;
    for (const uint64_t type :
         {static_cast<uint64_t>(SOCK_DGRAM), static_cast<uint64_t>(SOCK_RAW)}) {
      filter.Refuse(SCMP_SYS(socketpair), EPERM,
                    {SCMP_A1(SCMP_CMP_MASKED_EQ, kTypes, type)});
    }
  }
}

// Pushing characters into a terminal, and device files.
void RefuseDevices(Filter& filter) {
  constexpr uint64_t kLow = 0xffffffff;  // the kernel looks at no more
  for (const uint64_t request :
       {static_cast<uint64_t>(TIOCSTI), static_cast<uint64_t>(kTiocLinux)}) {
    filter.Refuse(SCMP_SYS(ioctl), EPERM,
                  {SCMP_A1(SCMP_CMP_MASKED_EQ, kLow, request)});
  }
  for (const uint64_t kind :
       {static_cast<uint64_t>(S_IFCHR), static_cast<uint64_t>(S_IFBLK)}) {
    constexpr uint64_t kKinds = S_IFMT;
    filter.Refuse(SCMP_SYS(mknod), EPERM,
                  {SCMP_A1(SCMP_CMP_MASKED_EQ, kKinds, kind)});
    filter.Refuse(SCMP_SYS(mknodat), EPERM,
                  {SCMP_A2(SCMP_CMP_MASKED_EQ, kKinds, kind)});
  }
}

// A program that runs with its owner's rights is a door for others, if the
// agent runs as somebody with more of them.
void RefuseSetuid(Filter& filter) {
  constexpr int kFchmodat2 = 452;
  constexpr uint64_t kBit = S_ISUID;
  constexpr uint64_t kMake = O_CREAT;
  const scmp_arg_cmp in_second = SCMP_A1(SCMP_CMP_MASKED_EQ, kBit, kBit);
  const scmp_arg_cmp in_third = SCMP_A2(SCMP_CMP_MASKED_EQ, kBit, kBit);
  for (const int call :
       {SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(creat), SCMP_SYS(mknod)}) {
    filter.Refuse(call, EPERM, {in_second});
  }
  for (const int call : {SCMP_SYS(fchmodat), kFchmodat2, SCMP_SYS(mknodat)}) {
    filter.Refuse(call, EPERM, {in_third});
  }
  filter.Refuse(SCMP_SYS(open), EPERM,
                {SCMP_A1(SCMP_CMP_MASKED_EQ, kMake, kMake), in_third});
  filter.Refuse(SCMP_SYS(openat), EPERM,
                {SCMP_A2(SCMP_CMP_MASKED_EQ, kMake, kMake),
                 SCMP_A3(SCMP_CMP_MASKED_EQ, kBit, kBit)});
}

}  // namespace

Result<std::vector<uint64_t>> SeccompProgram(const SeccompRules& rules) {
  Filter filter;
  for (const int call : kRefused) {
    filter.Refuse(call, EPERM);
  }
  for (const int call : kAbsent) {
    filter.Refuse(call, ENOSYS);
  }
  RefuseNamespaces(filter);
  RefuseSockets(filter, rules);
  RefuseDevices(filter);
  RefuseSetuid(filter);
  return filter.Export();
}

}  // namespace cofferdam::agent
