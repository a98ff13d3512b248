// SPDX-License-Identifier: Apache-2.0
// Whether the files that are named are there, and whether secrets are their owner's alone.
#include "config/sections.h"

namespace sallyport::config {
namespace {

constexpr auto kOthers = std::filesystem::perms::group_all | std::filesystem::perms::others_all;

}  // namespace

void checkFiles(const Node& root, const Config& config, Problems& problems) {
  const auto check = [&](const Path& path, Place place) {
    if (path.empty()) return;
    std::error_code failure;
    const auto status = std::filesystem::status(path, failure);
    if (std::filesystem::is_regular_file(status)) return;
    const auto reason =
        !std::filesystem::exists(status)
            ? (failure && status.type() != std::filesystem::file_type::not_found ? failure.message()
                                                                                 : std::string{"there is no such file"})
            : std::string{"it is not a regular file"};
    problems.error(place, "config.value.file", path.string() + ": " + reason);
  };
  const auto check_secret = [&](const Path& path, Place place) {
    check(path, place);
    std::error_code failure;
    const auto mode = std::filesystem::status(path, failure).permissions();
    if (failure || (mode & kOthers) == std::filesystem::perms::none) return;
    problems.error(place, "config.file.mode", path.string() + " can be read or changed by others than its owner",
                   "chmod 600 " + path.string());
  };
  const auto check_certificates = [&](const auto& listener, std::string_view section, std::size_t i) {
    check(listener.ecdsa.certificate, placeIn(root, section, i, "certificate"));
    check(listener.ecdsa.key, placeIn(root, section, i, "key"));
    if (!listener.rsa) return;
    check(listener.rsa->certificate, placeIn(root, section, i, "rsa_certificate"));
    check(listener.rsa->key, placeIn(root, section, i, "rsa_key"));
  };
  for (std::size_t i = 0; i < config.listeners.size(); ++i) check_certificates(config.listeners[i], "listener", i);
  if (config.web_listener) {
    check_certificates(*config.web_listener, "web_listener", 0);
    if (const auto& phone = config.web_listener->phone)
      check(*phone / "index.html", placeIn(root, "web_listener", 0, "phone"));
  }
  for (std::size_t i = 0; i < config.trusts.size(); ++i) {
    check(config.trusts[i].anchors, placeIn(root, "trust", i, "anchors"));
    if (config.trusts[i].crl) check(*config.trusts[i].crl, placeIn(root, "trust", i, "crl"));
  }
  if (config.devices) {
    const auto& devices = *config.devices;
    if (devices.credentials) check_secret(*devices.credentials, placeIn(root, "devices", 0, "credentials"));
    if (devices.token) check(devices.token->jwks, placeIn(root, "devices", 0, "token"));
  }
  if (!config.turn.secret_file.empty()) check_secret(config.turn.secret_file, placeIn(root, "turn", 0, "secret_file"));
  for (std::size_t i = 0; i < config.peers.size(); ++i) {
    const auto& credentials = config.peers[i].credentials;
    if (credentials) check_secret(credentials->password_file, placeIn(root, "peer", i, "credentials"));
  }
}

}  // namespace sallyport::config
