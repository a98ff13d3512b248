// SPDX-License-Identifier: Apache-2.0
#include "crypto/pem_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "core/fd.h"

namespace sallyport::crypto {
namespace {

// A large CA's revocation list, the verifiers of 100,000 users.
constexpr std::size_t kMaxFileBytes = std::size_t{64} * 1024 * 1024;

Error unreadable(const std::filesystem::path& file, int cause) {
  return {ErrorKind::misconfigured, cause == ENOENT ? "crypto.file.missing" : "crypto.file.unreadable",
          file.string() + ": " + std::strerror(cause)};
}

std::string octalMode(mode_t mode) {
  const auto digit = [mode](unsigned shift) { return static_cast<char>('0' + (mode >> shift & 7)); };
  return {'0', digit(6), digit(3), digit(0)};
}

}  // namespace

Result<Secret> readPemFile(const std::filesystem::path& file, Readers readers) {
  const Fd descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!descriptor) return unreadable(file, errno);
  struct stat facts {};
  if (::fstat(descriptor.raw(), &facts) != 0) return unreadable(file, errno);
  if (!S_ISREG(facts.st_mode)) {
    return Error{ErrorKind::misconfigured, "crypto.file.unreadable", file.string() + ": not a regular file"};
  }
  if (readers == Readers::ownerOnly && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{
        ErrorKind::misconfigured, "crypto.key.permissions",
        file.string() + " has mode " + octalMode(facts.st_mode) + ": a secret is its owner's alone; chmod 600 it"};
  }
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size > kMaxFileBytes) {
    return Error{ErrorKind::misconfigured, "crypto.file.too_large",
                 file.string() + ": " + std::to_string(size) + " bytes"};
  }
  Secret content{size};
  std::size_t at = 0;
  while (at < size) {
    const auto count = ::read(descriptor.raw(), content.mutableBytes().data() + at, size - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unreadable(file, errno);
    if (count == 0) return Error{ErrorKind::misconfigured, "crypto.file.unreadable", file.string() + ": cut short"};
    at += static_cast<std::size_t>(count);
  }
  return content;
}

}  // namespace sallyport::crypto
