// SPDX-License-Identifier: Apache-2.0
// The private CA on the command line, and `init`, which makes a whole state folder with it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iostream>

#include "app/commands.h"
#include "config/sample.h"
#include "core/endpoint.h"
#include "core/fd.h"
#include "pki/certificate_authority.h"

namespace sallyport::app {
namespace {

constexpr auto kCrlLifetime = std::chrono::days{365};
constexpr auto kLeafLifetime = std::chrono::days{365};

WallTime now() { return SystemClock{}.wall(); }

Error fileError(const char* code, const Path& path, const std::string& what) {
  return Error{ErrorKind::misconfigured, code, path.string() + ": " + what};
}

Status makeFolder(const Path& dir) {
  std::error_code failed;
  std::filesystem::create_directories(dir, failed);
  if (failed) return fileError("app.folder", dir, failed.message());
  return success();
}

// Copies `from` to `to` with the given mode, whole or not at all.
Status deliver(const Path& from, const Path& to, mode_t mode) {
  std::ifstream in{from, std::ios::binary};
  const std::string content{std::istreambuf_iterator<char>{in}, {}};
  if (!in.good() && !in.eof()) return fileError("app.file.unreadable", from, "can not be read");
  const Path beside = to.string() + ".new";
  const Fd descriptor{open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)};
  if (!descriptor)
    return fileError("app.file.unwritable", beside, std::error_code{errno, std::generic_category()}.message());
  const bool written = writeAll(descriptor, bytesOf(content)) == 0 && fchmod(descriptor.raw(), mode) == 0 &&
                       fsync(descriptor.raw()) == 0;
  if (!written || rename(beside.c_str(), to.c_str()) != 0) {
    (void)unlink(beside.c_str());
    return fileError("app.file.unwritable", to, std::error_code{errno, std::generic_category()}.message());
  }
  return success();
}

struct Files {
  Path certificate, key;
};

// NAME.pem and NAME.key in `out`, for whoever the certificate is for.
Result<Files> handOver(const pki::Issued& issued, const Path& out, const std::string& name) {
  SP_TRY(makeFolder(out));
  Files files{out / (name + ".pem"), out / (name + ".key")};
  SP_TRY(deliver(issued.certificate_file, files.certificate, 0644));
  SP_TRY(deliver(issued.key_file, files.key, 0600));
  return files;
}

Result<pki::IssueRequest> requestOf(const CaCommand& command) {
  pki::IssueRequest request;
  request.name = command.name;
  request.lifetime = std::chrono::days{command.days};
  for (const auto& name : command.dns) request.sans.push_back({crypto::SanKind::dns, name});
  for (const auto& uri : command.uri) request.sans.push_back({crypto::SanKind::uri, uri});
  for (const auto& text : command.ip) {
    const auto address = IpAddress::parse(text);
    if (!address) return Error{ErrorKind::misconfigured, "ca.request.sans", "not an IP address: " + text};
    request.sans.push_back({crypto::SanKind::ip, address->toString()});
  }
  return request;
}

Result<std::string> runCa(const CaCommand& command) {
  using What = CaCommand::What;
  if (command.what == What::init) {
    pki::CaSettings settings;
    settings.name = command.name;
    SP_ASSIGN(auto made, pki::CertificateAuthority::create(command.dir, settings, now()));
    SP_TRY(made.writeCrl(kCrlLifetime, now()));
    return "made " + made.certificateFile().string() + "\n";
  }
  SP_ASSIGN(auto authority, pki::CertificateAuthority::open(command.dir));
  if (command.what == What::issue) {
    SP_ASSIGN(const auto request, requestOf(command));
    SP_ASSIGN(const auto issued, authority.issue(request, now()));
    SP_ASSIGN(const auto files, handOver(issued, command.out, command.name));
    return "issued " + files.certificate.string() + " (serial " + issued.facts.serial + ", SHA-256 " +
           issued.facts.fingerprint + ")\n";
  }
  if (command.what == What::revoke) {
    const auto reason = command.reason.empty() ? std::optional{pki::RevocationReason::unspecified}
                                               : pki::parseRevocationReason(command.reason);
    if (!reason) return Error{ErrorKind::misconfigured, "ca.revoke.reason", "not a reason: " + command.reason};
    SP_ASSIGN(const auto revoked, authority.revoke(command.name, *reason, now()));
    SP_ASSIGN(const auto crl, authority.writeCrl(kCrlLifetime, now()));
    std::string text;
    for (const auto& entry : revoked) text += "revoked " + entry.name + " (serial " + entry.serial + ")\n";
    return text + "wrote " + crl.string() + "; a running edge takes it with: sallyport reload\n";
  }
  std::string text;
  for (const auto& entry : authority.entries()) {
    text += entry.serial + "  " + entry.name +
            (entry.revocation ? "  revoked: " + std::string{pki::toString(entry.revocation->reason)} : "  good");
    for (const auto& san : entry.sans) text += "  " + san.toString();
    text += '\n';
  }
  return text.empty() ? std::string{"nothing was issued yet\n"} : text;
}

struct Phone {
  std::string name;
  std::string address;  // empty: it only calls
};

Result<Phone> phoneOf(const std::string& text) {
  const auto equals = text.find('=');
  Phone phone{text.substr(0, equals), equals == std::string::npos ? std::string{} : text.substr(equals + 1)};
  const bool bad_address = !phone.address.empty() && !Endpoint::parse(phone.address);
  if (phone.name.empty() || phone.name == "edge" || bad_address) {
    return Error{ErrorKind::misconfigured, "app.init.phone", "'" + text + "' is not NAME or NAME=address:port"};
  }
  return phone;
}

Result<config::SampleOptions> sampleFor(const InitCommand& command, const Endpoint& listen,
                                        const std::vector<Phone>& phones) {
  config::SampleOptions sample;
  sample.domains = {command.domain};
  sample.state_dir = ".";
  sample.user.clear();
  sample.listen_address = listen.toString();
  sample.certificate = "edge.pem";
  sample.key = "edge.key";
  sample.advertise.clear();
  sample.media_address = listen.address.toString();
  sample.media_advertise.clear();
  sample.trust_anchors = "ca/ca.pem";
  sample.trust_crl = "ca/ca.crl.pem";
  sample.devices_domain = command.domain;
  sample.metrics = command.metrics;
  sample.peers.clear();
  sample.routes.clear();
  for (const auto& phone : phones) {
    if (phone.address.empty()) continue;
    config::SamplePeer peer;
    peer.name = phone.name;
    peer.identities = {"uri:sip:" + phone.name + "@" + command.domain};
    peer.address = phone.address;
    peer.remark = "A phone that answers calls; the edge connects to it and expects exactly this identity.";
    sample.peers.push_back(std::move(peer));
    sample.routes.push_back({.user = phone.name, .to = phone.name});
  }
  return sample;
}

Result<std::string> runInit(const InitCommand& command) {
  const auto listen = Endpoint::parse(command.listen);
  if (!listen || listen->port == 0)
    return Error{ErrorKind::misconfigured, "app.init.listen", "'" + command.listen + "' is not address:port"};
  std::vector<Phone> phones;
  for (const auto& text : command.phones) {
    SP_ASSIGN(auto phone, phoneOf(text));
    phones.push_back(std::move(phone));
  }
  std::error_code failed;
  if (std::filesystem::exists(command.dir, failed) && !std::filesystem::is_empty(command.dir, failed)) {
    return fileError("app.init.exists", command.dir, "is not empty; init never writes over anything");
  }
  SP_TRY(makeFolder(command.dir));
  pki::CaSettings settings;
  settings.name = "Private CA of " + command.domain;
  SP_ASSIGN(auto authority, pki::CertificateAuthority::create(command.dir / "ca", settings, now()));
  const auto issue = [&](const std::string& name, std::vector<crypto::SubjectAltName> sans,
                         const Path& out) -> Result<std::string> {
    pki::IssueRequest request;
    request.name = name;
    request.sans = std::move(sans);
    request.lifetime = kLeafLifetime;
    SP_ASSIGN(const auto issued, authority.issue(request, now()));
    SP_ASSIGN(const auto files, handOver(issued, out, name));
    return files.certificate.string() + "\n";
  };
  std::string text = (command.dir / "ca/ca.pem").string() + "\n";
  SP_ASSIGN(const auto edge,
            issue("edge", {{crypto::SanKind::dns, "edge." + command.domain}, {crypto::SanKind::dns, command.domain}},
                  command.dir));
  text += edge;
  for (const auto& phone : phones) {
    SP_ASSIGN(const auto made, issue(phone.name, {{crypto::SanKind::uri, "sip:" + phone.name + "@" + command.domain}},
                                     command.dir / "phones"));
    text += made;
  }
  SP_TRY(authority.writeCrl(kCrlLifetime, now()));
  SP_ASSIGN(const auto sample, sampleFor(command, *listen, phones));
  const auto file = command.dir / "sallyport.toml";
  std::ofstream out{file};
  out << config::sample(sample);
  out.flush();
  if (!out) return fileError("app.file.unwritable", file, "can not be written");
  return text + file.string() + "\n";
}

int finish(const Result<std::string>& text) {
  if (!text) return explain(text.error());
  std::cout << *text;
  return 0;
}

}  // namespace

int certificateAuthority(const CaCommand& command) { return finish(runCa(command)); }

int initialise(const InitCommand& command) { return finish(runInit(command)); }

}  // namespace sallyport::app
