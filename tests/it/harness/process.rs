//! The binary under test as a process: started, watched, frozen, ended.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use super::eventually;

/// What ends within a moment: its exit code and all it said.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A process that is about to be started, and the settings that it gets.
#[derive(Debug, Clone)]
pub struct Role {
    arguments: Vec<String>,
    env: BTreeMap<String, String>,
    folder: PathBuf,
    program: PathBuf,
    has_reader: bool,
}

impl Role {
    /// Nothing of the caller's environment goes along but the way to programs.
    pub fn new(folder: &Path, env: BTreeMap<String, String>, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let program = env!("CARGO_BIN_EXE_user-import").into();
        Self { arguments, env, folder: folder.to_owned(), program, has_reader: false }
    }

    /// Another build of the program.
    pub fn built_at(self, program: &Path) -> Self {
        Self { program: program.to_owned(), ..self }
    }

    pub fn env(mut self, name: &str, value: impl Display) -> Self {
        self.env.insert(name.to_owned(), value.to_string());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    /// Named steps and what happens there, as in `apply.before_commit=kill@3`.
    pub fn failpoints(self, spec: &str) -> Self {
        self.env("FAILPOINTS", spec)
    }

    fn command(&self) -> Command {
        // The kernel ends the process if this one dies before it could.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.program);
        command.args(&self.arguments).env_clear().envs(&self.env).current_dir(&self.folder);
        for name in ["PATH", "HOME", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name).filter(|_| !self.env.contains_key(name)) {
                command.env(name, value);
            }
        }
        command.stdin(Stdio::null());
        command
    }

    /// Its log goes through a pipe, to a reader that can be stopped.
    pub fn logged_by_a_reader(self) -> Self {
        Self { has_reader: true, ..self }
    }

    /// Runs until the process ends by itself, and fails the test if it does not.
    pub async fn run(self) -> Ended {
        let what = self.arguments.join(" ");
        let mut command = self.command();
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = child.id();
        // A thread waits, for the output has to be read meanwhile.
        let mut waiting = tokio::task::spawn_blocking(move || child.wait_with_output());
        let limit = std::time::Duration::from_mins(1);
        let Ok(output) = tokio::time::timeout(limit, &mut waiting).await else {
            signal(pid, "KILL");
            let output = waiting.await.unwrap().unwrap();
            panic!("`{what}` does not end; it said: {}", String::from_utf8_lossy(&output.stderr));
        };
        let output = output.unwrap().unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts it without a look at whether it came up.
    pub fn spawn(self) -> Process {
        let number = std::fs::read_dir(&self.folder).unwrap().count();
        let log = self.folder.join(format!("{:02}-{}.log", number, self.arguments[0]));
        let out = File::create(&log).unwrap();
        let mut reader = self.has_reader.then(|| {
            let mut reader = Command::new("setpriv");
            reader.args(["--pdeathsig", "KILL", "--", "cat"]).stdin(Stdio::piped());
            reader.stdout(out.try_clone().unwrap()).spawn().unwrap()
        });
        let out = match &mut reader {
            Some(reader) => Stdio::from(reader.stdin.take().expect("it is piped")),
            None => Stdio::from(out),
        };
        let child = self.command().stdout(Stdio::null()).stderr(out).spawn().unwrap();
        Process { child, reader, log, role: self, address: None }
    }

    /// Starts it and waits until it listens.
    pub async fn start(self) -> Process {
        let mut process = self.spawn();
        process.listening().await;
        process
    }
}

/// A running process; killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    reader: Option<Child>,
    log: PathBuf,
    role: Role,
    address: Option<SocketAddr>,
}

impl Process {
    /// Waits until it says where it listens: port 0 picks a port and logs it.
    async fn listening(&mut self) {
        let (log, role) = (self.log.clone(), self.role.arguments.join(" "));
        let child = &mut self.child;
        let address = eventually(&format!("`{role}` listens"), 60, async || {
            // Asked first: a process that is to die may have listened for a moment before.
            let ended = child.try_wait().unwrap();
            let text = std::fs::read_to_string(&log).unwrap();
            match (find_address(&text), ended) {
                (Some(address), _) => Ok(address),
                (None, None) => Err(text),
                (None, Some(status)) => panic!("`{role}` ended with {status} and said: {text}"),
            }
        })
        .await;
        self.address = Some(address);
    }

    pub fn address(&self) -> SocketAddr {
        self.address.expect("it was started with start(), which waits for its address")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has written so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// As sudden as it gets; waits until the process is gone.
    pub fn kill(&mut self) -> ExitStatus {
        let _ = self.child.kill();
        let status = self.child.wait().unwrap();
        if let Some(reader) = &mut self.reader {
            let _ = reader.kill();
            let _ = reader.wait();
        }
        status
    }

    pub fn freeze(&self) {
        signal(self.pid(), "STOP");
    }

    pub fn thaw(&self) {
        signal(self.pid(), "CONT");
    }

    pub fn terminate(&self) {
        signal(self.pid(), "TERM");
    }

    /// Waits until the process ends, however it does.
    pub async fn ended(&mut self, seconds: u64) -> ExitStatus {
        let what = format!("`{}` ends", self.role.arguments.join(" "));
        let child = &mut self.child;
        eventually(&what, seconds, async || child.try_wait().unwrap().ok_or("it runs")).await
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// The same once more, with the same settings but no failpoints.
    pub async fn restart(&mut self) {
        self.role = self.role.clone().without("FAILPOINTS");
        self.again().await;
    }

    /// The same once more, in a changed role.
    pub async fn again_as(&mut self, change: impl FnOnce(Role) -> Role) {
        self.role = change(self.role.clone());
        self.again().await;
    }

    /// The process that reads its log, where that goes through a pipe.
    pub fn reader(&self) -> Option<u32> {
        self.reader.as_ref().map(Child::id)
    }

    /// Does a thread of it wait for somebody to read what it writes?
    pub fn is_blocked(&self) -> bool {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap();
        let waits = |thread: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(thread.unwrap().path().join("wchan"))
                .is_ok_and(|place| place.contains("pipe"))
        };
        threads.into_iter().any(waits)
    }

    /// The same once more, with the same settings.
    pub async fn again(&mut self) {
        self.kill();
        *self = self.role.clone().start().await;
    }

    /// The most memory it ever had resident, in KiB.
    pub fn peak_resident_kib(&self) -> u64 {
        self.memory_kib("VmHWM:")
    }

    /// The memory that it has resident now, in KiB.
    pub fn resident_kib(&self) -> u64 {
        self.memory_kib("VmRSS:")
    }

    fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).expect("Linux gives it");
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Microseconds of processor time so far, in user and kernel together.
    pub fn cpu_micros(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let after_name = stat.rsplit(')').next().unwrap();
        let fields: Vec<u64> =
            after_name.split_whitespace().skip(11).take(2).map(|f| f.parse().unwrap()).collect();
        // Linux counts in ticks of 10 ms on every platform that matters here.
        (fields[0] + fields[1]) * 10_000
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Was it ended by SIGKILL or SIGABRT, that is by a test or by a failpoint?
pub fn was_killed(status: ExitStatus) -> bool {
    matches!(status.signal(), Some(6 | 9))
}

fn signal(pid: u32, name: &str) {
    let done =
        Command::new("kill").args(["-s", name, &pid.to_string()]).stderr(Stdio::null()).status();
    done.expect("kill is there");
}

/// The first address with a port in a line that speaks of listening.
fn find_address(log: &str) -> Option<SocketAddr> {
    // The last line may be half written.
    let whole = &log[..log.rfind('\n')?];
    let line = whole.lines().find(|line| line.contains("listen"))?;
    let candidates = line.match_indices("127.0.0.1:").map(|(at, _)| {
        let rest = &line[at..];
        let end = rest.char_indices().find(|(_, c)| !c.is_ascii_digit() && !".:".contains(*c));
        rest[..end.map_or(rest.len(), |(i, _)| i)].trim_end_matches(['.', ':'])
    });
    candidates
        .filter_map(|text| text.parse::<SocketAddr>().ok())
        .find(|address| address.port() != 0)
}
