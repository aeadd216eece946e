//! Parses the command line, runs the command, and turns its end into an exit status.

use std::process::ExitCode;

use clap::Parser;
use deployer::cli::Cli;
use deployer::command;
use deployer::ui::Ui;

// One thread is enough for a program that mostly waits, and it starts in no time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // It may be help that was asked for. Status 2 is taken: it says that there is something
            // to do, or something refused.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    let ui = Ui::new(&cli.global);
    let ended =
        Box::pin(command::run(cli, &ui)).await.and_then(|status| ui.finish().map(|()| status));
    match ended {
        Ok(status) => status,
        Err(error) => {
            ui.error(&error);
            ExitCode::FAILURE
        }
    }
}
