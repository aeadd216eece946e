//! The commands: each loads, looks, plans, acts and reports, in that order.

mod adopt;
mod apply;
mod audit;
mod ca;
mod demo;
mod drift;
mod explain;
mod graph;
mod init;
mod issue;
mod least;
mod local;
mod logs;
mod output;
mod plan;
mod policy;
mod residue;
mod shell;
mod show;
mod state;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::address::Address;
use crate::aws::{self, Aws, Calls, Target};
use crate::call::Caller;
use crate::cli::{Cli, Command, Global};
use crate::desired::{Payloads, Prepared};
use crate::error::{Error, Result};
use crate::package::Host;
use crate::plan::{Desired, Observed};
use crate::refresh::refresh;
use crate::resource::Sources;
use crate::saved::Basis;
use crate::stack::{self, Assignment, Given, Giver, Stack};
use crate::state::{Holder, Store};
use crate::step::Step;
use crate::ui::{self, Ui};

/// Runs one command to its exit status.
pub async fn run(cli: Cli, ui: &Ui) -> Result<ExitCode> {
    let global = &cli.global;
    match cli.command {
        Command::Init(args) => init::run(global, &args, ui),
        Command::Plan(args) => plan::run(global, &args, ui).await,
        Command::Apply(args) => apply::apply(global, &args, ui).await,
        Command::Destroy(args) => apply::destroy(global, &args, ui).await,
        Command::Drift(args) => drift::run(global, &args, ui).await,
        Command::Explain(args) => Box::pin(explain::run(global, &args, ui)).await,
        Command::Graph(args) => graph::run(global, &args, ui),
        Command::Issue(args) => issue::run(global, args, ui).await,
        Command::Audit(args) => audit::run(global, args, ui).await,
        Command::Logs(args) => logs::run(global, &args, ui).await,
        Command::Output(args) => output::run(global, &args, ui),
        Command::Show(args) => show::run(global, &args, ui),
        Command::Adopt(args) => adopt::run(global, &args, ui),
        Command::State(command) => state::run(global, &command, ui).await,
        Command::Policy(args) => policy::run(global, &args, ui),
        Command::Ca(command) => ca::run(command, ui),
        Command::Local(command) => local::run(command, ui).await,
        Command::Demo(args) => Box::pin(demo::run(global, &args, ui)).await,
        Command::Schema => {
            ui.data(&stack::schema());
            Ok(ExitCode::SUCCESS)
        }
        Command::Completions(args) => {
            shell::completions(&args, ui);
            Ok(ExitCode::SUCCESS)
        }
        Command::Man(args) => shell::man(&args, ui).map(|()| ExitCode::SUCCESS),
    }
}

/// What a command that works on a stack has in hand.
struct Session {
    stack: Stack,
    store: Store,
    aws: Aws,
    local: bool,
}

impl Session {
    /// Opens the state to look at it, and asks AWS nothing yet.
    async fn open(global: &Global, stack: Stack, ui: &Ui) -> Result<Self> {
        let store = Store::open(state_file(global, &stack.name), &stack.name)?;
        Self::over(global, stack, store, ui).await
    }

    /// The same for a command that changes the state, which no other can change meanwhile.
    async fn open_locked(global: &Global, stack: Stack, command: &str, ui: &Ui) -> Result<Self> {
        let store = open_locked(global, &stack.name, command)?;
        Self::over(global, stack, store, ui).await
    }

    async fn over(global: &Global, stack: Stack, store: Store, ui: &Ui) -> Result<Self> {
        let aws = clients(global, stack.region.clone(), Who::Deployer, ui).await?;
        Ok(Self { stack, store, aws, local: global.local })
    }

    /// The account, unless it is another one than that of the stack file.
    async fn account(&self) -> Result<&str> {
        let account = &self.aws.identity().await?.account;
        if !self.local {
            self.stack.check_account(account)?;
        }
        Ok(account)
    }

    /// Refuses another account than that of the stack file or of the state; whether the state had
    /// something of another one, which is forgotten.
    async fn identify(&mut self) -> Result<bool> {
        let account = self.account().await?.to_owned();
        self.store.bind(&account, &self.aws.region)
    }

    /// Looks at everything that the stack file or the state knows of, and meanwhile finds out whose
    /// account that is. Of the wrong one nobody is told anything but that.
    async fn observe(&mut self, ui: &Ui) -> Result<Observed> {
        let _reading = ui.waiting("reading from AWS");
        let looking = async { Ok(refresh(&self.aws, &self.stack, &self.store.state).await) };
        let (_, observed) = tokio::try_join!(self.account(), looking)?;
        if self.identify().await? {
            return refresh(&self.aws, &self.stack, &self.store.state).await;
        }
        observed
    }

    /// Where this is, for people: account, region, local or not.
    fn place(&self) -> String {
        let whose = match &self.aws.endpoint {
            _ if self.local => "the local AWS".to_owned(),
            Some(endpoint) => format!("AWS at {endpoint}"),
            None => "AWS".to_owned(),
        };
        let state = &self.store.state;
        format!("({whose}, account {}, {})", state.account, state.region)
    }
}

/// Whose keys to use on the local AWS; never the root's.
enum Who {
    Deployer,
    Client,
    Auditor,
}

/// Where AWS is; the local one is started if need be, and `who` says whose keys are used there.
async fn target(global: &Global, region: Option<String>, who: Who, ui: &Ui) -> Result<Target> {
    if !global.local {
        return Ok(Target { region, local: None });
    }
    let instance = local::start(None, ui).await?;
    let credentials = match who {
        Who::Deployer => instance.deployer,
        Who::Client => instance.client,
        Who::Auditor => instance.auditor,
    };
    Ok(Target {
        region: region.or(Some(instance.region)),
        local: Some((instance.endpoint, credentials)),
    })
}

/// The clients of AWS there, which tell each call if they are to.
async fn clients(global: &Global, region: Option<String>, who: Who, ui: &Ui) -> Result<Aws> {
    let target = target(global, region, who, ui).await?;
    let calls = if global.verbose { Calls::observed_by(ui::call) } else { Calls::default() };
    Aws::at(&target, calls).await
}

/// The stack file, with the environment and the variables that this run is given.
fn load(global: &Global) -> Result<Stack> {
    Stack::load(&global.stack, &given(global))
}

/// What the command line and the process's environment say of the environment and variables.
fn given(global: &Global) -> Given {
    let of_process = std::env::vars_os().filter_map(|(name, text)| {
        let name = name.to_str()?.strip_prefix(stack::PREFIX)?.to_owned();
        let text = text.into_string().ok()?;
        Some(Assignment { name, text, by: Giver::EnvironmentVariable })
    });
    let variables = of_process.chain(global.var.iter().cloned()).collect();
    Given { environment: global.env.clone(), variables }
}

/// Each stack has its own state, and the local AWS another one than the real.
fn state_file(global: &Global, stack: &str) -> PathBuf {
    let suffix = if global.local { ".local" } else { "" };
    let folder = global.state.clone().unwrap_or_else(|| global.beside("state"));
    folder.join(format!("{stack}{suffix}.json"))
}

/// Where else the stack is deployed, of which this run knows nothing: on the local AWS, or not.
fn elsewhere(global: &Global, stack: &str) -> Option<&'static str> {
    let other = Global { local: !global.local, ..global.clone() };
    let state = Store::open(state_file(&other, stack), stack).ok()?.state;
    state.all_made().next().is_some().then_some(if other.local {
        "the local AWS has it: add --local"
    } else {
        "an AWS account has it: leave out --local"
    })
}

/// Opens the state of a stack to change it.
fn open_locked(global: &Global, stack: &str, command: &str) -> Result<Store> {
    Store::open_locked(state_file(global, stack), stack, &holder(global, command), lineage()?)
}

/// Who is about to change the state, for those who have to wait.
fn holder(global: &Global, command: &str) -> Holder {
    Holder {
        who: who(),
        pid: std::process::id(),
        command: format!("deployer {command}{}", global.whereabouts()),
        since: now()
            .replace_nanosecond(0)
            .unwrap_or_else(|_| now())
            .format(&Rfc3339)
            .unwrap_or_default(),
    }
}

/// What a plan is made against.
fn basis(global: &Global, session: &Session) -> Basis {
    let state = &session.store.state;
    Basis {
        local: global.local,
        stack: session.stack.name.clone(),
        account: state.account.clone(),
        region: state.region.clone(),
        lineage: state.lineage.clone(),
        serial: state.serial,
    }
}

/// The user and the machine, such as `ada@laptop`.
fn who() -> String {
    let user = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let user = user.unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()));
    format!("{user}@{}", rustix::system::uname().nodename().to_string_lossy())
}

/// A new state's lineage: 128 random bits.
fn lineage() -> Result<String> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| Error::new("could not get random numbers from the system"))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// What a command is to bring AWS to: a stack, and what it declares or, if all is to go, nothing.
fn aim(
    global: &Global,
    given: &Given,
    destroy: bool,
    adopt: &[Address],
) -> Result<(Stack, Prepared)> {
    let mut stack = Stack::load(&global.stack, given)?;
    let prepared = if destroy {
        stack.outputs.clear();
        Prepared::nothing(&stack)
    } else {
        gather(global, &stack, adopt)?
    };
    Ok((stack, prepared))
}

/// Reads and fingerprints the local files that a stack declares, and builds nothing yet.
fn gather(global: &Global, stack: &Stack, adopt: &[Address]) -> Result<Prepared> {
    let quiet = |_: &Step<'_>| ();
    Prepared::gather(stack, adopt, &sources(global, stack, &quiet))
}

/// Builds what a stack declares to be built.
fn build(
    global: &Global,
    stack: &Stack,
    prepared: Prepared,
    ui: &Ui,
) -> Result<(Desired, Payloads)> {
    let steps = ui.steps();
    let report = |step: &Step<'_>| steps.tell(step);
    let built = prepared.build(stack, &sources(global, stack, &report))?;
    steps.done();
    Ok(built)
}

fn sources<'a>(global: &Global, stack: &Stack, report: &'a dyn Fn(&Step<'_>)) -> Sources<'a> {
    let host = if global.local { Host::ThisMachine } else { Host::Lambda };
    let cache = local::dirs().ok().map(|dirs| dirs.cache);
    Sources { base: stack.base.clone(), host, cache, now: now(), report }
}

/// Who calls the API: on the local AWS, the user who may do that and nothing else.
async fn caller(global: &Global, region: Option<String>, ui: &Ui) -> Result<Caller> {
    let config = aws::configure(&target(global, region, Who::Client, ui).await?).await?;
    Ok(Caller {
        credentials: aws::credentials(&config).await?,
        region: config.region().map(ToString::to_string).unwrap_or_default(),
        clock: SystemTime::now,
    })
}

/// The clock of everything that needs one.
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
