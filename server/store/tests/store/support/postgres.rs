//! A PostgreSQL server for the tests: one for all test processes, each with databases of its own.
//!
//! The first test to need it starts it, on a loopback port in a temporary directory. A watchdog process stops it and
//! removes the directory when no test has used it for a few seconds, also where the tests were killed.

use std::{
    fs::{self, File, Permissions},
    io::ErrorKind,
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use worv_core::Entropy;

/// Where Debian puts PostgreSQL's programs, by version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Stops the server when nobody holds `users`. Nobody can take hold of it meanwhile: that needs `starting` too.
const WATCHDOG: &str = r#"
{
    while sleep 15; do
        flock 9
        if flock --nonblock users true; then
            "$1/pg_ctl" stop --pgdata server --mode immediate --silent
            rm -rf server password port
            exit
        fi
        flock --unlock 9
    done
} 9>>starting &
"#;

/// An empty database. It goes with the server: dropping it here would wait for connections that this very thread is
/// still opening.
pub(crate) struct Database {
    pub(crate) url: String,
    _server: Server,
}

/// The running server, which keeps running while one of these exists.
struct Server {
    cluster: Cluster,
    _in_use: File,
}

/// A folder with a server's files, and PostgreSQL's programs that work on them.
pub(crate) struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    /// The user that they run as; they refuse to run as root.
    user: Option<(u32, u32)>,
}

impl Database {
    pub(crate) fn create() -> Self {
        let server = Server::start();
        let name = format!("test_{}", Entropy::System.alphanumeric(12).to_lowercase());
        let (password, port) = (server.read("password"), server.read("port"));
        let reached_by = [
            ("PGHOST", "127.0.0.1"),
            ("PGUSER", "worv"),
            ("PGPORT", &port),
            ("PGPASSWORD", &password),
        ];
        server.cluster.run("createdb", &[&name], &reached_by);
        Self {
            url: format!("postgres://worv:{password}@127.0.0.1:{port}/{name}"),
            _server: server,
        }
    }
}

impl Server {
    fn start() -> Self {
        let home = std::env::temp_dir().join(format!("worv-test-postgres-{}", own_uid()));
        match fs::create_dir(&home) {
            Ok(()) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{}: {error}", home.display()),
        }
        let cluster = Cluster::in_folder(&home);
        let starting = cluster.lock_file("starting");
        starting.lock().unwrap();
        let in_use = cluster.lock_file("users");
        in_use.lock_shared().unwrap();
        let server = Self {
            cluster,
            _in_use: in_use,
        };
        if !server.cluster.is_running() {
            server.start_new();
        }
        server
    }

    fn start_new(&self) {
        let _ = fs::remove_dir_all(self.cluster.folder.join("server"));
        self.write("password", &Entropy::System.alphanumeric(24));
        self.cluster.init(&["--auth", "password", "--pwfile", "password"]);
        let port = free_port();
        self.write("port", &port.to_string());
        self.cluster.start(port, "-c max_connections=500");

        let watchdog = ["-c", WATCHDOG, "watchdog", self.cluster.programs.to_str().unwrap()];
        let mut shell = self.cluster.command(Path::new("/bin/sh"));
        assert!(shell.args(watchdog).process_group(0).status().unwrap().success());
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.cluster.folder.join(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.cluster.folder.join(name);
        fs::write(&path, text).unwrap();
        self.cluster.own(&path);
    }
}

impl Cluster {
    /// In a folder that is there, which is theirs from then on.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        let cluster = Self {
            folder: folder.to_owned(),
            programs: installed(),
            user: (own_uid() == 0).then(|| ids_of("postgres")),
        };
        fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
        cluster.own(folder);
        cluster
    }

    /// Makes the files of a server whose administrator is `worv`, who shows it in this way.
    pub(crate) fn init(&self, authentication: &[&str]) {
        let files = ["--pgdata", "server", "--username", "worv"];
        let kind = ["--no-sync", "--no-locale", "-E", "UTF8"];
        self.run("initdb", &[&files, authentication, &kind].concat(), &[]);
    }

    /// Starts the server on a loopback port.
    pub(crate) fn start(&self, port: u16, more: &str) {
        let options =
            format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off {more}");
        let how = ["--wait", "--log", "log", "--options", &options];
        self.run("pg_ctl", &[&["start", "--pgdata", "server"], &how[..]].concat(), &[]);
    }

    fn is_running(&self) -> bool {
        let status = ["status", "--pgdata", "server"];
        self.program("pg_ctl").args(status).status().unwrap().success()
    }

    fn run(&self, name: &str, arguments: &[&str], environment: &[(&str, &str)]) {
        let mut command = self.program(name);
        command.args(arguments).envs(environment.iter().copied());
        // The server itself inherits what `pg_ctl` is given, so its standard error goes to a file.
        command.stderr(if name == "pg_ctl" {
            File::create(self.folder.join("pg_ctl.log")).unwrap().into()
        } else {
            Stdio::piped()
        });
        let Output { status, stderr, .. } = command.spawn().unwrap().wait_with_output().unwrap();
        assert!(status.success(), "{name} failed: {}", String::from_utf8_lossy(&stderr));
    }

    /// One of the programs, to be run on the server's files.
    pub(crate) fn program(&self, name: &str) -> Command {
        self.command(&self.programs.join(name))
    }

    /// A command that runs as the server's user in its folder, and that nothing of this process's is handed to.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn lock_file(&self, name: &str) -> File {
        let path = self.folder.join(name);
        let file = File::options().create(true).append(true).open(&path).unwrap();
        self.own(&path);
        file
    }

    fn own(&self, path: &Path) {
        if let Some((uid, gid)) = self.user {
            chown(path, Some(uid), Some(gid)).unwrap();
        }
    }
}

/// A loopback port that nobody listened on a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The programs of the newest version that is installed.
fn installed() -> PathBuf {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse::<u32>().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(_, programs)| programs.join("initdb").is_file())
        .max();
    let Some((_, programs)) = newest else {
        panic!("PostgreSQL is not installed, and the store is tested on it too: apt-get install postgresql");
    };
    programs
}

/// The user that this process runs as.
fn own_uid() -> u32 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").unwrap().uid()
}

/// The ids of a user of this machine.
fn ids_of(name: &str) -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields[0] == name);
    let Some([_, _, uid, gid, ..]) = user.as_deref() else {
        panic!("there is no user {name}, whom Debian's package of PostgreSQL adds: apt-get install postgresql");
    };
    (uid.parse().unwrap(), gid.parse().unwrap())
}
