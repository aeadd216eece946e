//! Judges that are not ours: pyca's `cryptography` and `pkilint`, in a Python environment of their
//! own. It is made once, in the cache folder that the local AWS uses too, and carries the hash of its
//! requirements in its name.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;

const REQUIREMENTS: &str = include_str!("python/requirements.txt");
const JUDGE: &str = include_str!("python/judge.py");

/// The plain name comes first: it is the one that the user means.
const PYTHONS: [&str; 6] =
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];
const FITS: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";

/// What one line of questions is answered with.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Answer {
    pub(crate) request: Option<Judged<Request>>,
    pub(crate) certificate: Option<Judged<Certificate>>,
    /// `pkilint`'s errors and warnings.
    pub(crate) lint: Option<Judged<Vec<String>>>,
}

/// Something that was read, or why it could not be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Judged<T> {
    Refused(String),
    Read(T),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Request {
    /// The `SubjectPublicKeyInfo` in base64.
    pub(crate) spki: String,
    /// Each once, kind first, host names in lower case.
    pub(crate) names: Vec<String>,
    /// `client` and `server`, in this order; none is no opinion.
    pub(crate) usages: Vec<String>,
    /// One line, or why the subject could not be read.
    pub(crate) subject: Judged<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Certificate {
    pub(crate) spki: String,
    pub(crate) names: Vec<String>,
    pub(crate) usages: Vec<String>,
    /// What a server says that verifies it as a client's: `ok`, or why not.
    pub(crate) client: String,
    /// What a client says that verifies it as that of a server of its first name.
    pub(crate) server: String,
}

impl<T: std::fmt::Debug> Judged<T> {
    pub(crate) fn unwrap(self) -> T {
        match self {
            Self::Read(value) => value,
            Self::Refused(why) => panic!("could not be read: {why}"),
        }
    }

    pub(crate) fn refusal(&self) -> Option<&str> {
        match self {
            Self::Refused(why) => Some(why),
            Self::Read(_) => None,
        }
    }
}

/// Asks all questions of one process, which answers them in their order.
pub(crate) fn judge(questions: &[Value]) -> Vec<Answer> {
    let mut process = Command::new(environment())
        .args(["-I", "-c", JUDGE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<_> = questions.iter().map(Value::to_string).collect();
    let mut input = process.stdin.take().unwrap();
    // It answers while it is still being asked, so asking must not wait for reading.
    let asking = std::thread::spawn(move || input.write_all(lines.join("\n").as_bytes()));
    let output = process.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    asking.join().unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<_> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), questions.len(), "{errors}");
    answers
}

/// The Python of the environment, which is made now if it is not there.
fn environment() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let hash = signer::notation::sha256(REQUIREMENTS.as_bytes());
        let cache = cache();
        let folder = cache.join(format!("judges-{}", &hash[..12]));
        let (python, marker) = (folder.join("bin/python"), folder.join("complete"));
        fs::create_dir_all(&cache).unwrap();
        // Released by the system however this process ends.
        let lock = File::create(cache.join("judges.lock")).unwrap();
        lock.lock().unwrap();
        if !(marker.exists() && works(&python)) {
            make(&folder, &python);
            fs::write(&marker, "").unwrap();
        }
        python
    })
}

/// `$XDG_CACHE_HOME/deployer` or `~/.cache/deployer`, as `deployer` has it.
fn cache() -> PathBuf {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .expect("HOME or XDG_CACHE_HOME must be an absolute path")
        .join("deployer")
}

/// An upgrade of the system's Python can leave an environment behind that no longer works.
fn works(python: &Path) -> bool {
    let imports = ["-I", "-c", "import cryptography.x509, pkilint"];
    Command::new(python).args(imports).output().is_ok_and(|output| output.status.success())
}

fn make(folder: &Path, python: &Path) {
    let _ = fs::remove_dir_all(folder);
    let fits = |candidate: &&&str| {
        let output = Command::new(candidate).args(["-I", "-c", FITS]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let found = PYTHONS.iter().find(fits).expect(
        "Python 3.10 or later with its venv module must be in PATH; on Debian or Ubuntu: \
         `apt install python3-venv`",
    );
    run(Command::new(found).args(["-I", "-m", "venv"]).arg(folder));
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).unwrap();
    // With the user's own mirrors and proxies, but nothing that is not named by its hash, and nothing
    // that would run code to be built.
    run(Command::new(python)
        .args(["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:"])
        .args(["--no-compile", "--no-input", "--disable-pip-version-check", "-r"])
        .arg(&requirements)
        .env("PIP_USER", "0"));
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
}
