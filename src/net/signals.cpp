// SPDX-License-Identifier: Apache-2.0
#include "net/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "net/socket.h"

namespace sallyport::net {

Result<std::unique_ptr<Signals>> Signals::take(Loop& loop, std::initializer_list<int> signals, Handler handler) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  SP_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  Fd fd{signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)};
  if (!fd) return Error{ErrorKind::overloaded, "net.loop.watch", "signalfd: " + systemMessage(errno)};
  std::unique_ptr<Signals> taken{new Signals{std::move(fd), std::move(handler)}};
  SP_ASSIGN(taken->watch_, loop.watch(taken->fd_.raw(), kReadable, *taken));
  return taken;
}

void Signals::onReady(ReadyEvents) {
  signalfd_siginfo info{};
  if (::read(fd_.raw(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    handler_(static_cast<int>(info.ssi_signo));
  }
}

}  // namespace sallyport::net
