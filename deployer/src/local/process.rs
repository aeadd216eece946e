//! A process that outlives the program that started it, told apart from others with its number.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpid};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// After this a process that was asked to end is made to. It waits for calls in progress, which
/// the function's timeout bounds.
const GRACE: Duration = Duration::from_secs(10);

/// How often it is looked at meanwhile.
const PAUSE: Duration = Duration::from_millis(20);

/// A process that leads its own group. Numbers are used again, so its start time and the boot that
/// the time counts from are part of its identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    pub(super) pid: i32,
    /// Clock ticks since boot.
    started: u64,
    boot: String,
}

/// What `/proc/PID/stat` says that matters here.
struct Stat {
    state: char,
    group: i32,
    started: u64,
}

impl Process {
    /// Identifies a process that is known to be there.
    pub(super) fn identify(pid: u32) -> Result<Self> {
        let failed = || Error::new(format!("could not identify the process {pid}"));
        let pid = i32::try_from(pid).map_err(|source| failed().because(source))?;
        let stat = Stat::of(pid).ok_or_else(|| failed().because("it is not in /proc"))?;
        Ok(Self { pid, started: stat.started, boot: boot()? })
    }

    /// Whether it is there still, and is itself.
    pub(super) fn is_running(&self) -> bool {
        Stat::of(self.pid).is_some_and(|stat| stat.is_alive() && stat.started == self.started)
            && boot().is_ok_and(|boot| boot == self.boot)
    }

    /// Ends it and the rest of its group: asks first, then insists.
    pub(super) async fn end(&self) -> Result<()> {
        if !self.is_running() {
            return Ok(());
        }
        self.signal(Signal::TERM)?;
        if !self.is_gone_within(GRACE).await {
            self.signal(Signal::KILL)?;
            if !self.is_gone_within(GRACE).await {
                return Err(Error::new(format!("could not end the process {}", self.pid))
                    .because("it is there still after it was killed"));
            }
        }
        Ok(())
    }

    /// The group is ours for as long as it has members: its number cannot be given to another.
    fn signal(&self, signal: Signal) -> Result<()> {
        let Some(pid) = Pid::from_raw(self.pid) else { return Ok(()) };
        match kill_process_group(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(source) => {
                Err(Error::new(format!("could not end the process {}", self.pid)).because(source))
            }
        }
    }

    async fn is_gone_within(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            // A child of this very program has to be waited for, or it stays in the process table.
            let _ = Pid::from_raw(self.pid).map(|pid| waitpid(Some(pid), WaitOptions::NOHANG));
            if !group_has_members(self.pid) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Stat {
    fn of(pid: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The second field is the program's name, which may hold anything, parentheses too.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<_> = text.rsplit_once(')')?.1.split_whitespace().collect();
        Some(Self {
            state: fields.first()?.chars().next()?,
            group: fields.get(2)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }

    fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }
}

fn group_has_members(group: i32) -> bool {
    let Ok(entries) = fs::read_dir("/proc") else { return false };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Stat::of)
        .any(|stat| stat.group == group && stat.is_alive())
}

fn boot() -> Result<String> {
    let path = "/proc/sys/kernel/random/boot_id";
    fs::read_to_string(path).map(|id| id.trim().to_owned()).map_err(|source| {
        Error::new(format!("could not read {path}"))
            .because(source)
            .hint("the local AWS needs Linux with /proc")
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn names_with_parentheses_do_not_confuse() {
        let text = "7 (a) b (c) S 1 42 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 12345 0";
        let stat = Stat::parse(text).expect("fields");
        assert_eq!((stat.state, stat.group, stat.started), ('S', 42, 12345));
    }

    #[test]
    fn another_process_with_the_same_number_is_not_it() {
        let us = Process::identify(std::process::id()).expect("us");
        assert!(us.is_running());
        assert!(!Process { started: us.started + 1, ..us.clone() }.is_running());
        assert!(!Process { boot: "another".into(), ..us }.is_running());
    }

    #[tokio::test]
    #[expect(clippy::zombie_processes, reason = "that `end` waits for it is what is tested")]
    async fn ending_ends_the_whole_group() {
        let child = Command::new("/bin/sh")
            .args(["-c", "sleep 600 & sleep 600"])
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell");
        let process = Process::identify(child.id()).expect("a process");
        process.end().await.expect("ended");
        assert!(!process.is_running());
        assert!(!group_has_members(process.pid));
    }
}
