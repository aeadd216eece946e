//! The commands: each loads, looks, plans, acts and reports, in that order.

mod apply;
mod ca;
mod demo;
mod drift;
mod issue;
mod local;
mod output;
mod plan;
mod residue;

use std::path::PathBuf;
use std::process::ExitCode;

use time::OffsetDateTime;

use crate::address::Address;
use crate::aws::{Aws, Calls, Target};
use crate::cli::{Cli, Command, Global};
use crate::desired::{self, Payloads};
use crate::error::Result;
use crate::local::Instance;
use crate::package::Host;
use crate::plan::Desired;
use crate::resource::Sources;
use crate::stack::Stack;
use crate::state::Store;
use crate::ui::{self, Ui};

/// Runs one command to its exit status.
pub async fn run(cli: Cli, ui: &Ui) -> Result<ExitCode> {
    let global = &cli.global;
    match cli.command {
        Command::Plan(args) => plan::run(global, &args, ui).await,
        Command::Apply(args) => apply::apply(global, &args, ui).await,
        Command::Destroy(args) => apply::destroy(global, &args, ui).await,
        Command::Drift(args) => drift::run(global, &args, ui).await,
        Command::Issue(args) => issue::run(global, args, ui).await,
        Command::Output(args) => output::run(global, &args, ui),
        Command::Ca(command) => ca::run(&command, ui),
        Command::Local(command) => local::run(command, ui).await,
        Command::Demo(args) => demo::run(global, &args, ui).await,
    }
}

/// What a command that works on a stack has in hand.
struct Session {
    stack: Stack,
    store: Store,
    aws: Aws,
    /// Where this is, for people: account, region, local or not.
    place: String,
}

impl Session {
    /// Connects to the account and opens the state, after all that can be wrong locally was checked.
    async fn open(global: &Global, stack: Stack, ui: &Ui) -> Result<Self> {
        let mut store = Store::open(state_file(global, &stack.name), &stack.name)?;
        let local = start_local(global, ui).await?;
        let who = local.as_ref().map(|instance| (instance, Who::Deployer));
        let target = target(stack.region.clone(), who);
        let calls = if global.verbose { Calls::observed_by(ui::call) } else { Calls::default() };
        let aws = Aws::connect(&target, calls).await?;
        if local.is_none() {
            stack.check_account(&aws.account)?;
        }
        store.bind(&aws.account, &aws.region)?;
        let whose = if local.is_some() { "the local AWS" } else { "AWS" };
        let place = format!("({whose}, account {}, {})", aws.account, aws.region);
        Ok(Self { stack, store, aws, place })
    }
}

/// Whose keys to use on the local AWS; never the root's.
enum Who {
    Deployer,
    Client,
}

fn target(region: Option<String>, local: Option<(&Instance, Who)>) -> Target {
    let Some((instance, who)) = local else { return Target { region, local: None } };
    let credentials = match who {
        Who::Deployer => instance.deployer.clone(),
        Who::Client => instance.client.clone(),
    };
    Target {
        region: region.or_else(|| Some(instance.region.clone())),
        local: Some((instance.endpoint.clone(), credentials)),
    }
}

/// The local AWS, started if need be; `None` without `--local`.
async fn start_local(global: &Global, ui: &Ui) -> Result<Option<Instance>> {
    if !global.local {
        return Ok(None);
    }
    local::start(None, ui).await.map(Some)
}

/// Each stack has its own state, and the local AWS another one than the real.
fn state_file(global: &Global, stack: &str) -> PathBuf {
    let suffix = if global.local { ".local" } else { "" };
    global.state.join(format!("{stack}{suffix}.json"))
}

/// Reads, builds and fingerprints the local files that a stack declares.
fn gather(
    global: &Global,
    stack: &Stack,
    adopt: &[Address],
    ui: &Ui,
) -> Result<(Desired, Payloads)> {
    let adopt = desired::adopt(stack, adopt)?;
    let host = if global.local { Host::ThisMachine } else { Host::Lambda };
    let report = |text: &str| ui.detail(text);
    let sources = Sources { base: stack.base.clone(), host, now: now(), report: &report };
    let (desired, payloads) = desired::gather(stack, &sources)?;
    Ok((Desired { adopt, ..desired }, payloads))
}

/// The clock of everything that needs one.
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
