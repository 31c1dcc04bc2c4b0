//! `eventcast`: runs recorded events through the engine and accounts for every one of them.

mod args;
mod clock;
mod exit;
mod filter;
mod input;
mod message;
mod report;
mod run;
mod stop;

use args::{Args, Command};
use clap::Parser;
use exit::Exit;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version go to standard output and are no failure.
            let exit = if error.use_stderr() { Exit::Refused } else { Exit::Success };
            let _ = error.print();
            return exit.into();
        }
    };
    match args.command {
        Command::Run(args) => match run::run(&args) {
            Ok(exit) => exit.into(),
            Err(error) => {
                message::say(error);
                Exit::Refused.into()
            }
        },
    }
}
