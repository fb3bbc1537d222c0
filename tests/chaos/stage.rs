//! Two APIs, four workers, and a proxy between every two that talk.

use std::sync::Arc;

use crate::ground::Ground;
use crate::harness::{Client, Process, Proxy, Role, World};
use crate::load::{Caller, Seen};
use crate::random::Random;

/// A process with the wires that lead to it and from it.
#[derive(Debug)]
pub struct Member {
    pub process: Process,
    pub postgres: Arc<Proxy>,
    pub rabbitmq: Arc<Proxy>,
    /// What callers of an API talk to: the same address however often it is started.
    pub door: Option<Arc<Proxy>>,
}

/// Declared in this order, so that the processes are killed before their world goes away.
#[derive(Debug)]
pub struct Stage {
    pub apis: Vec<Member>,
    pub workers: Vec<Member>,
    pub world: World,
    /// Where the servers are the scenario's own.
    pub ground: Option<Arc<Ground>>,
    pub random: Random,
    /// One for each door.
    pub clients: Vec<Client>,
    /// What everybody has sent and was told.
    pub seen: Arc<Seen>,
}

/// Every chunk is open for a while, so that whatever happens finds several in the middle.
pub const UNHURRIED: &str =
    "apply.before_commit=delay:20;apply.after_commit=delay:5;relay.after_publish=delay:5";

async fn member(role: Role, world: &World, ground: Option<&Ground>, is_api: bool) -> Member {
    let url = &world.database.url;
    let url = ground.map_or_else(|| url.clone(), |ground| ground.through_pooler(url));
    let (postgres, database_url) = Proxy::before(&url).await;
    let (rabbitmq, amqp_url) = Proxy::before(&world.servers.amqp_url).await;
    let role = role
        .env("DATABASE_URL", database_url)
        .env("AMQP_URL", amqp_url)
        .env("DATABASE_CONNECTIONS", 8)
        .env("CHUNK_RECORDS", 100)
        // What a fault has swallowed comes back soon; by default it takes two minutes.
        .env("CHUNK_LEASE_SECONDS", 4)
        .env("RUST_LOG", "info")
        .failpoints(UNHURRIED);
    let process = role.start().await;
    let door =
        if is_api { Some(Arc::new(Proxy::to(process.address().to_string()).await)) } else { None };
    Member { process, postgres: Arc::new(postgres), rabbitmq: Arc::new(rabbitmq), door }
}

impl Member {
    /// Callers find the process of the moment behind the same door.
    fn open_door(&self) {
        if let Some(door) = &self.door {
            door.retarget(self.process.address().to_string());
        }
    }

    /// Kills it if it lives, and starts it again.
    pub async fn again(&mut self) {
        self.again_with(UNHURRIED).await;
    }

    pub async fn again_with(&mut self, failpoints: &str) {
        self.again_as(|role| role.failpoints(failpoints)).await;
    }

    pub async fn again_as(&mut self, change: impl FnOnce(Role) -> Role) {
        self.process.again_as(change).await;
        self.open_door();
    }

    pub fn wires(&self) -> impl Iterator<Item = &Arc<Proxy>> {
        [&self.postgres, &self.rabbitmq].into_iter().chain(&self.door)
    }
}

impl Stage {
    pub async fn set(world: World, ground: Option<Arc<Ground>>, seed: u64) -> Self {
        let (mut apis, mut workers) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            apis.push(member(world.api(), &world, ground.as_deref(), true).await);
        }
        for _ in 0..4 {
            workers.push(member(world.worker(), &world, ground.as_deref(), false).await);
        }
        // Good however long it takes, and by a clock that is an hour off.
        let token = world.token_for("acme", "24h").await;
        let client = Client::new(apis[0].process.address(), token);
        let doors = apis.iter().map(|api| api.door.as_ref().expect("an API has one").address);
        let clients = doors.map(|door| client.at(door)).collect();
        Self { apis, workers, world, ground, random: Random(seed), clients, seen: Arc::default() }
    }

    pub fn ground(&self) -> &Ground {
        self.ground.as_ref().expect("the table says that this scenario has servers of its own")
    }

    /// Somebody who sends imports.
    pub fn caller(&mut self) -> Caller {
        Caller {
            clients: self.clients.clone(),
            seen: self.seen.clone(),
            random: self.random.fork(),
        }
    }

    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.apis.iter().chain(&self.workers)
    }

    pub fn members_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.apis.iter_mut().chain(&mut self.workers)
    }

    /// Leads everybody to another Postgres, as an address or a name that moves with it does.
    pub fn follow_postgres(&mut self, address: &str) {
        for member in self.members() {
            member.postgres.retarget(address.to_owned());
        }
        self.world.follow_postgres(address);
    }

    pub async fn hire(&mut self) {
        let ground = self.ground.as_deref();
        let worker = member(self.world.worker(), &self.world, ground, false).await;
        self.workers.push(worker);
    }

    pub fn wires(&self) -> Vec<Arc<Proxy>> {
        self.members().flat_map(Member::wires).cloned().collect()
    }

    /// How often wires have done something to somebody.
    pub fn hits(&self) -> u64 {
        self.wires().iter().map(|wire| wire.hits() as u64).sum()
    }
}
