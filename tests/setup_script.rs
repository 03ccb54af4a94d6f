//! `script/setup` on machines that are made up: what it finds missing there, and asks for.
//!
//! Each machine is a folder. Its `bin` is all that `PATH` names: the system's tools that
//! the script needs, what the machine "has", and an `apt-get` that writes down what it is
//! asked for. Its root stands in for `/` where libclang is looked for.

#![allow(clippy::unwrap_used, reason = "helpers of tests too")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// What the script calls, besides what it looks for.
const TOOLS: [&str; 6] = ["bash", "dirname", "env", "id", "od", "uname"];

struct Machine(TempDir);

impl Machine {
    /// A machine that has everything but libclang.
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::create_dir(machine.path("bin")).unwrap();
        let search = std::env::var_os("PATH").unwrap();
        for tool in TOOLS {
            let here = std::env::split_paths(&search)
                .map(|folder| folder.join(tool))
                .find(|path| path.is_file());
            symlink(here.unwrap(), machine.path("bin").join(tool)).unwrap();
        }
        for present in ["cc", "protoc", "cargo", "tmux"] {
            machine.program(present, "exit 0");
        }
        // Whoever is not root asks sudo.
        machine.program("sudo", "exec \"$@\"");
        let asked = machine.path("asked");
        machine.program(
            "apt-get",
            &format!(
                "[ \"$1\" != install ] || echo \"$@\" > '{}'",
                asked.display()
            ),
        );
        machine
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/usr/bin/env bash\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A file that looks like a library for this processor.
    fn library(&self, relative: &str) {
        self.file(relative, &elf_header());
    }

    fn file(&self, relative: &str, bytes: &[u8]) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn run(&self, variables: &[(&str, &Path)]) -> Output {
        self.run_with(&[], variables)
    }

    fn run_with(&self, arguments: &[&str], variables: &[(&str, &Path)]) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("script/setup");
        let mut command = Command::new(self.path("bin/bash"));
        command
            .arg(script)
            .args(arguments)
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("HOME", self.0.path());
        command
            .env("SETUP_ROOT", self.path("root"))
            .envs(variables.iter().copied());
        command.output().unwrap()
    }

    /// The packages that were asked for; none means that apt-get was not called.
    fn asks_for(&self, variables: &[(&str, &Path)]) -> Vec<String> {
        self.asked_by(&self.run(variables))
    }

    fn asked_by(&self, output: &Output) -> Vec<String> {
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let asked = fs::read_to_string(self.path("asked")).unwrap_or_default();
        let words = asked
            .split_whitespace()
            .filter(|word| *word != "install" && !word.starts_with('-'));
        words.map(str::to_owned).collect()
    }
}

/// The first bytes of this program, which is for this processor.
fn elf_header() -> Vec<u8> {
    fs::read(std::env::current_exe().unwrap()).unwrap()[..64].to_vec()
}

#[test]
fn a_machine_that_has_all_is_left_alone() {
    for place in [
        "root/usr/lib/x86_64-linux-gnu/libclang-14.so.14.0.6",
        "root/usr/lib/llvm-19/lib/libclang.so.1",
        "root/usr/lib/aarch64-linux-gnu/libclang-19.so.19",
        "root/usr/lib64/libclang.so.18.1",
        "root/usr/local/llvm17/lib/libclang.so",
        "root/usr/local/lib/libclang-16.so",
    ] {
        let machine = Machine::new();
        machine.library(place);
        assert_eq!(machine.asks_for(&[]), [""; 0], "{place}");
    }
}

#[test]
fn what_is_like_libclang_in_name_only_is_not_libclang() {
    for place in [
        "root/usr/lib/x86_64-linux-gnu/libclang-cpp.so.14",
        "root/usr/lib/llvm-14/lib/libclang-cpp.so",
        "root/usr/lib/llvm-14/lib/libclang-cpp.so.14.0.6",
        "root/usr/lib/llvm-14/lib/libclangBasic.so.14",
        "root/usr/lib/x86_64-linux-gnu/libclang.a",
        // One folder too deep for bindgen.
        "root/usr/lib/llvm-14/lib/clang/14/lib/libclang.so.1",
    ] {
        let machine = Machine::new();
        machine.library(place);
        assert_eq!(machine.asks_for(&[]), ["libclang1"], "{place}");
    }
}

#[test]
fn a_libclang_that_cannot_be_loaded_does_not_count() {
    let place = "root/usr/lib/libclang.so.1";
    let mut other_processor = elf_header();
    other_processor[18] ^= 0x55;
    let mut other_class = elf_header();
    other_class[4] ^= 3;
    for bytes in [
        b"".as_slice(),
        b"INPUT(libclang-14.so)",
        &other_processor,
        &other_class,
    ] {
        let machine = Machine::new();
        machine.file(place, bytes);
        assert_eq!(machine.asks_for(&[]), ["libclang1"], "{bytes:?}");
    }
    let machine = Machine::new();
    fs::create_dir_all(machine.path("root/usr/lib")).unwrap();
    symlink("gone", machine.path(place)).unwrap();
    assert_eq!(machine.asks_for(&[]), ["libclang1"]);
}

#[test]
fn libclang_is_where_the_environment_says() {
    let machine = Machine::new();
    machine.library("elsewhere/lib/libclang.so.1");
    let folder = machine.path("elsewhere/lib");
    for name in ["LIBCLANG_PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH"] {
        assert_eq!(machine.asks_for(&[(name, &folder)]), [""; 0], "{name}");
    }
    assert_eq!(
        machine.asks_for(&[("LIBCLANG_PATH", &folder.join("libclang.so.1"))]),
        [""; 0]
    );
    let several = format!("/nowhere:{}", folder.display());
    assert_eq!(
        machine.asks_for(&[("LD_LIBRARY_PATH", Path::new(&several))]),
        [""; 0]
    );
    machine.program(
        "llvm-config",
        &format!("echo '{}'", machine.path("elsewhere").display()),
    );
    assert_eq!(machine.asks_for(&[]), [""; 0]);
}

#[test]
fn a_variable_that_names_no_libclang_is_an_error_that_installing_would_not_mend() {
    let machine = Machine::new();
    machine.library("root/usr/lib/libclang.so.1");
    machine.library("elsewhere/libclang-cpp.so.14");
    for path in ["elsewhere", "elsewhere/libclang-cpp.so.14", "gone"] {
        let output = machine.run(&[("LIBCLANG_PATH", &machine.path(path))]);
        assert!(!output.status.success(), "{path}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("or unset it"),
            "{path}"
        );
    }
    // Cargo runs bindgen in a folder of its own.
    let output = machine.run(&[("LIBCLANG_PATH", Path::new("root/usr/lib"))]);
    assert!(!output.status.success());
    assert!(!machine.path("asked").exists());
}

#[test]
fn compilers_and_headers_are_asked_for_too() {
    let machine = Machine::new();
    machine.library("root/usr/lib/libclang.so.1");
    for name in ["cc", "protoc"] {
        fs::remove_file(machine.path("bin").join(name)).unwrap();
    }
    assert_eq!(
        machine.asks_for(&[]),
        ["build-essential", "protobuf-compiler"]
    );
    assert_eq!(
        machine.asks_for(&[("PROTOC", &machine.path("bin/tmux"))]),
        ["build-essential"]
    );
    // A compiler without the kernel's headers.
    machine.program("cc", "exit 1");
    assert_eq!(machine.asks_for(&[]), ["libc6-dev", "protobuf-compiler"]);
}

#[test]
fn the_tests_need_more() {
    let machine = Machine::new();
    machine.library("root/usr/lib/libclang.so.1");
    fs::remove_file(machine.path("bin/tmux")).unwrap();
    assert_eq!(machine.asks_for(&[]), [""; 0]);
    let output = machine.run_with(&["--tests"], &[]);
    let peers = [
        "curl",
        "ca-certificates",
        "openssl",
        "python3",
        "python3-requests",
    ];
    let wanted = ["tmux", "systemd"].into_iter().chain(peers);
    assert!(machine.asked_by(&output).iter().eq(wanted));
}

#[test]
fn without_cargo_it_says_where_to_get_it() {
    let machine = Machine::new();
    machine.library("root/usr/lib/libclang.so.1");
    fs::remove_file(machine.path("bin/cargo")).unwrap();
    let output = machine.run(&[]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("rustup"));
}
