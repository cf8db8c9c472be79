// The command line's grammar, made of the command table.
#pragma once

#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "tools/srsproxyctl/client/access.h"
#include "tools/srsproxyctl/commands/command.h"
#include "tools/srsproxyctl/output/environment.h"

namespace srsproxy::ctl {

inline constexpr char kProgram[] = "srsproxyctl";

// The options that every command has.
struct GlobalOptions {
  std::string endpoints;
  std::string timeout;
  std::string output;
  AccessOptions access;
};

class Grammar {
 public:
  explicit Grammar(const Environment& environment);
  Grammar(const Grammar&) = delete;  // CLI11 keeps references to the members.
  Grammar& operator=(const Grammar&) = delete;

  CLI::App& app() { return app_; }
  const CLI::App& app() const { return app_; }
  const GlobalOptions& options() const { return options_; }

  // The action of the command that was parsed.
  const Action& action() const { return actions_.at(&Chosen()); }

  // What is wrong with a command line that did not parse.
  std::string Problem(const CLI::ParseError& error) const;

  // `srsproxyctl origin list`: as much of a command as was parsed.
  std::string CommandName() const;

 private:
  void AddGlobalOptions(const Environment& environment);
  void Add(const Noun& noun);
  const CLI::App& Chosen() const;  // The command that was parsed, or as much of one as there was.

  CLI::App app_;
  GlobalOptions options_;
  std::map<const CLI::App*, Action> actions_;
};

}  // namespace srsproxy::ctl
