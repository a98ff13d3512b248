// SPDX-License-Identifier: Apache-2.0
#include "app/options.h"

#include <CLI/CLI.hpp>
#include <optional>

namespace sallyport::app {
namespace {

constexpr const char* kDefaultConfig = "/etc/sallyport/sallyport.toml";
constexpr const char* kAbout =
    "Sallyport: a zero-trust session border controller for SIP voice.\n"
    "Exit status: 0 it worked, 1 it did not (the reason is on standard error), 2 wrong arguments.";

void addConfig(CLI::App& app, Path& config) {
  app.add_option("-c,--config", config, "The configuration file")->capture_default_str()->envname("SALLYPORT_CONFIG");
}

// Everything the parser fills in; the chosen command is made from it afterwards.
struct Parsed {
  Path config = kDefaultConfig;
  bool json = false, strict = false, nat = false;
  std::string subject, show;
  std::size_t count = 20;
  InitCommand init;
  RouteCommand route{.config = kDefaultConfig, .from = {}, .to = {}, .from_peer = "device", .at = {}, .output = {}};
  CaCommand ca{};
  CredentialsCommand credentials{
      .what = {}, .config = kDefaultConfig, .whose = {}, .username = {}, .present = {}, .output = {}};
  Output output() const { return json ? Output::json : Output::text; }
};

struct ReportSpec {
  ReportCommand::What what;
  const char* name;
  const char* help;
  const char* subject;  // help of the one argument; null: takes none
  enum class Need : unsigned char { required, optional } need = Need::required;
};

constexpr ReportSpec kReports[] = {
    {ReportCommand::What::status, "status",
     "What the running edge is doing: version, workers, calls, connections, rules, privileges", nullptr},
    {ReportCommand::What::calls, "calls", "Live calls with both legs, their protection and their open ports", nullptr},
    {ReportCommand::What::registrations, "registrations",
     "Who is registered: contact, proof, whether its connection lives, how long it holds",
     "An address: alice@example.org", ReportSpec::Need::optional},
    {ReportCommand::What::trunks, "trunks",
     "Our registrations at carriers, what each peer carries of what it may, and who is drained", nullptr},
    {ReportCommand::What::peers, "peers",
     "The peers: what they must prove, their calls, and which of their servers are alive", nullptr},
    {ReportCommand::What::why, "why", "Which rule decided, and on what facts",
     "A call id, SIP Call-ID, address, identity or peer"},
    {ReportCommand::What::evidence, "evidence", "The evidence of one call, ended or live", "A call id"},
    {ReportCommand::What::cdr, "cdr", "Call records; with --json every record as a line of JSON, oldest first",
     nullptr},
    {ReportCommand::What::drain, "drain", "Take no new calls, let live ones finish, then stop", nullptr},
    {ReportCommand::What::reload, "reload",
     "Load the configuration and certificates anew; the old ones stay when the new are wrong", nullptr},
    {ReportCommand::What::hangup, "hangup", "End a live call", "A call id"},
};

constexpr ReportSpec kPeerReports[] = {
    {ReportCommand::What::peerDrain, "drain", "No new calls to or from this peer; live ones go on", "The peer's name"},
    {ReportCommand::What::peerEnable, "enable", "Calls to and from this peer again", "The peer's name"},
};

CLI::App* addReport(CLI::App& app, const ReportSpec& spec, Parsed& parsed) {
  auto* command = app.add_subcommand(spec.name, spec.help);
  addConfig(*command, parsed.config);
  command->add_flag("--json", parsed.json, "For programs");
  if (spec.subject != nullptr) {
    command->add_option("subject", parsed.subject, spec.subject)->required(spec.need == ReportSpec::Need::required);
  }
  if (spec.what == ReportCommand::What::cdr || spec.what == ReportCommand::What::why) {
    command->add_option("-n,--count", parsed.count, "At most this many")
        ->capture_default_str()
        ->check(CLI::Range(1, 100'000));
  }
  return command;
}

CLI::App* addRoute(CLI::App& app, RouteCommand& route, bool& json) {
  auto* all = app.add_subcommand("route", "Where calls go");
  all->require_subcommand(1);
  auto* command = all->add_subcommand(
      "explain", "What a call would meet, by the configuration alone: each rule, the number, the targets in order");
  addConfig(*command, route.config);
  command->add_option("from", route.from, "The caller: a user, user@host, a number or a URI")->required();
  command->add_option("to", route.to, "The called: a user, user@host, a number or a URI")->required();
  command->add_option("--from-peer", route.from_peer, "Whose call it is: a [[peer]]'s name or \"device\"")
      ->capture_default_str();
  command->add_option("--at", route.at, "When: 2026-11-20T19:00, with Z or an offset when not local; now unless given");
  command->add_flag("--json", json, "For programs");
  return command;
}

CLI::App* addInit(CLI::App& app, Parsed& parsed) {
  auto* command = app.add_subcommand(
      "init", "Make a state folder: private CA, the edge's certificate, phones' certificates, sallyport.toml");
  auto& init = parsed.init;
  command->add_option("--dir", init.dir, "The folder to make; it must not exist or be empty")->required();
  command->add_option("--domain", init.domain, "The SIP domain served")->required();
  command->add_option("--listen", init.listen, "address:port for SIP over TLS")->required();
  command->add_option("--metrics", init.metrics, "address:port for /metrics and /healthz; off unless given");
  command->add_option("--phone", init.phones,
                      "A phone to enrol: name, or name=address:port when it answers calls there");
  return command;
}

struct CredentialsSubcommands {
  CLI::App *all, *add, *remove, *list;
};

CredentialsSubcommands addCredentials(CLI::App& app, Parsed& parsed) {
  auto& credentials = parsed.credentials;
  auto* all = app.add_subcommand("credentials", "Passwords of devices and peers, of which verifiers are kept");
  all->require_subcommand(1);
  auto* add = all->add_subcommand("add", "Give somebody a password: asked for, or the first line of standard input");
  auto* remove = all->add_subcommand("remove", "Take somebody's password away");
  auto* list = all->add_subcommand("list", "Who has one, and in which forms");
  for (auto* command : {add, remove, list}) addConfig(*command, credentials.config);
  for (auto* command : {add, remove}) {
    command->add_option("whose", credentials.whose, "alice, alice@example.org, or peer:NAME")->required();
    command->add_option("--username", credentials.username, "The username that peer gives");
  }
  add->add_flag(
      "--replace", [&](std::int64_t) { credentials.present = CredentialsCommand::Present::replace; },
      "A new password for somebody who has one");
  list->add_flag("--json", parsed.json, "For programs");
  return {all, add, remove, list};
}

struct CaSubcommands {
  CLI::App *all, *init, *issue, *revoke, *list;
};

CaSubcommands addCa(CLI::App& app, Parsed& parsed) {
  auto& ca = parsed.ca;
  auto* all = app.add_subcommand("ca", "The private certificate authority");
  all->require_subcommand(1);
  auto* init = all->add_subcommand("init", "Make a CA: key (0600), certificate, index, empty CRL");
  auto* issue = all->add_subcommand("issue", "Issue a certificate with a new key");
  auto* revoke = all->add_subcommand("revoke", "Revoke a certificate and write the CRL");
  auto* list = all->add_subcommand("list", "What was issued");
  for (auto* command : {init, issue, revoke, list}) {
    command->add_option("--dir", ca.dir, "The CA's folder")->required();
    command->add_flag("--json", parsed.json, "For programs");
  }
  init->add_option("--name", ca.name, "The CA's common name")->required();
  issue->add_option("--name", ca.name, "Common name, and the names of the files: NAME.pem, NAME.key")->required();
  issue->add_option("--out", ca.out, "Folder for the files")->required();
  issue->add_option("--dns", ca.dns, "A DNS name it may be known by");
  issue->add_option("--ip", ca.ip, "An IP address it may be known by");
  issue->add_option("--uri", ca.uri, "A URI it may be known by: sip:user@domain enrols that phone");
  issue->add_option("--days", ca.days, "Lifetime")->capture_default_str()->check(CLI::Range(1, 3'650));
  revoke->add_option("which", ca.name, "Serial number or name")->required();
  revoke->add_option("--reason", ca.reason, "key-compromise, superseded, cessation-of-operation, unspecified");
  return {all, init, issue, revoke, list};
}

}  // namespace

std::variant<Command, Exit> parseOptions(int argc, char** argv) {
  // The phone's own words are the phone's to parse.
  if (argc > 1 && std::string_view{argv[1]} == "phone") return Command{PhoneCommand{{argv + 2, argv + argc}}};

  Parsed parsed;
  CLI::App app{kAbout, "sallyport"};
  app.require_subcommand(1);
  auto* run = app.add_subcommand("run", "Run the edge in the foreground");
  addConfig(*run, parsed.config);
  auto* check = app.add_subcommand("check", "Load a configuration and say everything that is wrong with it");
  addConfig(*check, parsed.config);
  check->add_flag("--strict", parsed.strict,
                  "Refuse what weakens protection (an unprotected peer, MD5, one known by its network alone) and every "
                  "other warning; say what is less than the best as notes");
  check->add_option("--show", parsed.show, "Print everything that holds for a peer: written, by preset, by default");
  check->add_flag("--nat", parsed.nat,
                  "Print what peers will see of where we are, and warn of addresses that lead nowhere from outside");
  check->add_flag("--json", parsed.json, "For programs");
  auto* presets = app.add_subcommand("presets", "The counterparts whose settings a [[peer]] can take by `preset`");
  presets->add_option("name", parsed.subject, "Print this one, with the sources of its facts");
  presets->add_flag("--json", parsed.json, "For programs");
  std::vector<std::pair<CLI::App*, ReportCommand::What>> reports;
  for (const auto& spec : kReports) reports.emplace_back(addReport(app, spec, parsed), spec.what);
  auto* route = addRoute(app, parsed.route, parsed.json);
  auto* peer = app.add_subcommand("peer", "Take one peer out of service, or back");
  peer->require_subcommand(1);
  for (const auto& spec : kPeerReports) reports.emplace_back(addReport(*peer, spec, parsed), spec.what);
  auto* init = addInit(app, parsed);
  const auto ca = addCa(app, parsed);
  const auto credentials = addCredentials(app, parsed);
  app.add_subcommand("phone", "A phone for tests and demonstrations: call, answer, echo, compare");
  auto* version = app.add_subcommand("version", "The version, and what it was built with");
  version->add_flag("--json", parsed.json, "For programs");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return Exit{status == 0 ? 0 : 2};
  }
  if (*run) return Command{RunCommand{parsed.config}};
  if (*check) {
    const auto strictness = parsed.strict ? Strictness::strict : Strictness::normal;
    return Command{CheckCommand{parsed.config, strictness, parsed.show, parsed.output(),
                                parsed.nat ? Showing::nat : Showing::nothing}};
  }
  if (*presets) return Command{PresetsCommand{parsed.subject, parsed.output()}};
  for (const auto& [command, what] : reports) {
    if (*command) return Command{ReportCommand{what, parsed.config, parsed.subject, parsed.count, parsed.output()}};
  }
  if (*route) {
    parsed.route.output = parsed.output();
    return Command{parsed.route};
  }
  if (*init) return Command{parsed.init};
  if (*ca.all) {
    using What = CaCommand::What;
    parsed.ca.what = *ca.init ? What::init : *ca.issue ? What::issue : *ca.revoke ? What::revoke : What::list;
    parsed.ca.output = parsed.output();
    return Command{parsed.ca};
  }
  if (*credentials.all) {
    using What = CredentialsCommand::What;
    parsed.credentials.what = *credentials.add ? What::add : *credentials.remove ? What::remove : What::list;
    parsed.credentials.output = parsed.output();
    return Command{parsed.credentials};
  }
  return Command{VersionCommand{parsed.output()}};
}

}  // namespace sallyport::app
