//! `worv`: one gateway in front of the models on an organisation's own GPUs.

#![expect(
    unreachable_pub,
    reason = "in a program, `pub` says what a module offers to the other modules"
)]

use std::process::ExitCode;

use clap::Parser;

use failure::{Failure, Kind};

mod alerts;
mod bearer;
mod chat;
mod command;
mod config;
mod console;
mod docs;
mod edge;
mod failure;
mod https;
mod password;
mod reports;
mod serve;
mod tls;
mod totp;
mod traces;

/// Most of what the data path allocates lives for one request; this allocator makes that cheap on any number of threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Stack of a worker thread, in bytes. A page is rendered as one tree of nested calls, which is deep in a debug build;
/// what is not used is never backed by memory.
const STACK: usize = 16 << 20;

fn main() -> ExitCode {
    let line = match command::CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => return explain(&error),
    };
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build()
        .map_err(|error| Failure::new(Kind::Software, format!("cannot start the async runtime: {error}")))
        .and_then(|runtime| runtime.block_on(command::run(line)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            command::complain(&failure);
            failure.exit_code()
        }
    }
}

/// Prints help, the version or what is wrong with the command line.
fn explain(error: &clap::Error) -> ExitCode {
    let code = if error.use_stderr() {
        ExitCode::from(Kind::Usage as u8)
    } else {
        ExitCode::SUCCESS
    };
    // A reader that has gone away is no reason to fail.
    let _ = error.print();
    code
}
