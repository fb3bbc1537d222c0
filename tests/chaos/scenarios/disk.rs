//! A disk that is full.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Place, Scenario, USUAL, seconds};
use crate::ground::is_root;
use crate::stage::Stage;

pub const ALL: &[Scenario] = &[Scenario {
    name: "disk-full",
    does: "the disk below users and chunks is full for 20 s, then has room again",
    place: Place::Private,
    prepare: only_root_mounts,
    completes: false,
    run: |stage| Box::pin(disk_full(stage)),
    ..USUAL
}];

fn only_root_mounts() -> Result<(), String> {
    if is_root() { Ok(()) } else { Err("it mounts a disk, which only root may".to_owned()) }
}

const TABLES: [&str; 2] = ["directory_user", "import_chunk"];

/// A folder in memory of a fixed size, mounted until it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: PathBuf) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        let owner = run("id", &["-u", "postgres"]);
        let options = format!("size=600m,mode=0700,uid={}", owner.trim());
        run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", text(&folder)]);
        Self(folder)
    }

    /// Takes all the room there is.
    fn fill(&self) -> PathBuf {
        let ballast = self.0.join("ballast");
        let filled = Command::new("dd")
            .args(["if=/dev/zero", "bs=64k", &format!("of={}", text(&ballast))])
            .output()
            .unwrap();
        assert!(!filled.status.success(), "there is no end to the room");
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run("umount", &["-l", text(&self.0)]);
        std::fs::remove_dir(&self.0).unwrap();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Moves users and chunks to another disk, below everybody's hands.
async fn move_to(stage: &Stage, tablespace: &str) {
    let client = stage.world.database.connect().await;
    for table in TABLES {
        let moved = format!("ALTER TABLE {table} SET TABLESPACE {tablespace}");
        client.batch_execute(&moved).await.unwrap();
    }
}

/// Counts the workers' attempts that found no room.
async fn disk_full(stage: &mut Stage) -> u64 {
    let name = format!("user-import-small-disk-{}", std::process::id());
    let disk = SmallDisk::mount(std::env::temp_dir().join(name));
    let client = stage.world.database.connect().await;
    let made = format!("CREATE TABLESPACE small LOCATION '{}'", text(&disk.0));
    client.batch_execute(&made).await.unwrap();
    move_to(stage, "small").await;

    let before = super::retries(stage).await;
    let ballast = disk.fill();
    seconds(20).await;
    let found_none = super::retries(stage).await - before;
    std::fs::remove_file(ballast).unwrap();

    move_to(stage, "pg_default").await;
    client.batch_execute("DROP TABLESPACE small").await.unwrap();
    found_none
}
