// SPDX-License-Identifier: Apache-2.0
#include "firewall/confinement.h"

#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

namespace sallyport::firewall {
namespace {

constexpr std::uint32_t kNetAdmin = 1u << CAP_NET_ADMIN;

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the helper's system call filter does not know this architecture"
#endif

// What receiving, deciding, netlink and the allocator take. No file can be opened and no socket made but by family.
constexpr std::array kCalls {
  SYS_read, SYS_write, SYS_close, SYS_recvfrom, SYS_sendto, SYS_recvmsg, SYS_sendmsg, SYS_ppoll, SYS_pselect6,
      SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_bind, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect,
      SYS_madvise, SYS_brk, SYS_futex, SYS_getpid, SYS_gettid, SYS_getrandom, SYS_clock_gettime, SYS_rt_sigreturn,
      SYS_rt_sigprocmask, SYS_restart_syscall, SYS_sched_yield, SYS_exit, SYS_exit_group,
#if defined(__x86_64__)
      SYS_poll, SYS_select, SYS_time,
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
      SYS_sigaltstack, SYS_pipe2,  // a sanitizer asks for its stack, and whether memory may be read
#if defined(__x86_64__)
      SYS_pipe,
#endif
#endif
      SYS_gettimeofday, SYS_fstat, SYS_newfstatat
};

Error failed(const std::string& what) {
  return {ErrorKind::misconfigured, "firewall.confinement", what + ": " + std::strerror(errno)};
}

struct Capabilities {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  bool read() { return syscall(SYS_capget, &header, data) == 0; }
  bool write() { return syscall(SYS_capset, &header, data) == 0; }
};

Status changeUser(const std::string& user) {
  if (user.empty() || geteuid() != 0) return success();
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr)
    return Error{ErrorKind::misconfigured, "firewall.confinement", "edge.user: no user '" + user + "'"};
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return failed("keepcaps");
  if (setgroups(0, nullptr) != 0) return failed("setgroups");
  if (setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0) return failed("setresgid");
  if (setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0) return failed("setresuid");
  return success();
}

sock_filter statement(std::uint16_t code, std::uint32_t value) { return {code, 0, 0, value}; }
sock_filter test(std::uint16_t code, std::uint32_t value, std::uint8_t if_true, std::uint8_t if_false) {
  return {code, if_true, if_false, value};
}

}  // namespace

Status mayChangeTables() {
  Capabilities held;
  if (held.read() && (held.data[0].effective & kNetAdmin) != 0) return success();
  return Error{ErrorKind::unavailable, "firewall.capability", "the process has no CAP_NET_ADMIN"};
}

Status keepOnlyNetAdmin(const std::string& user) {
  // First, while root may: without CAP_SETPCAP the bounding set stays, and the sets below are what counts.
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  SP_TRY(changeUser(user));
  (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  Capabilities wanted;
  wanted.data[0].permitted = wanted.data[0].effective = kNetAdmin;
  if (!wanted.write()) return failed("capset");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("not dumpable");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs");
  return success();
}

Status keepOnlyNetlinkCalls() {
  std::vector<sock_filter> program{
      statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      test(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  for (const auto call : kCalls) {
    program.push_back(test(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1));
    program.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  program.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0) return failed("seccomp");
  return success();
}

void closeAllBut(int descriptor) {
  const auto kept = static_cast<unsigned>(descriptor);
  if (kept > 3) (void)close_range(3, kept - 1, 0);
  (void)close_range(std::max(kept + 1, 3u), ~0u, 0);
}

}  // namespace sallyport::firewall
