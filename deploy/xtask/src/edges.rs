//! The directions between the rooms: which crate may see which, read from `cargo metadata`.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The rooms and what each may see, in code that ships. A crate that is not listed here may not exist.
const ROOMS: &[(&str, &[&str])] = &[
    ("mudeung-core", &[]),
    ("mudeung-wire", &[]),
    ("mudeung-synth", &[]),
    ("mudeung-store", &["mudeung-core", "mudeung-wire"]),
    ("mudeung-engine", &["mudeung-core", "mudeung-wire", "mudeung-synth"]),
    ("mudeung-deid", &["mudeung-core", "mudeung-wire", "mudeung-synth", "mudeung-engine"]),
    ("mudeung-paper", &[]),
    ("mudeung-server", &["mudeung-core", "mudeung-wire", "mudeung-store", "mudeung-paper"]),
    ("mudeung-sdk", &["mudeung-wire"]),
    (
        "mudeung",
        &[
            "mudeung-core",
            "mudeung-wire",
            "mudeung-synth",
            "mudeung-store",
            "mudeung-engine",
            "mudeung-deid",
            "mudeung-server",
        ],
    ),
    ("mudeung-fuzz", &["mudeung-core", "mudeung-wire", "mudeung-server"]),
    ("xtask", &[]),
];

/// What the tests of a room may see besides: the binary's tests drive the real client, and the client's compare the way it
/// reads filters with the server's.
const ROOMS_IN_TESTS: &[(&str, &[&str])] = &[("mudeung", &["mudeung-sdk"]), ("mudeung-sdk", &["mudeung-core"])];

/// Crates that a room may not reach in code that ships, directly or through others. `*` ends a prefix.
const UNREACHABLE: &[(&str, &[&str])] = &[
    (
        "mudeung-core",
        &["tokio", "serde", "actix*", "diesel*", "arrow*", "parquet*", "datafusion*", "object_store", "sqlx*"],
    ),
    ("mudeung-wire", &["tokio", "actix*", "diesel*", "arrow*", "parquet*", "datafusion*", "object_store"]),
    ("mudeung-store", &["actix*", "arrow*", "parquet*", "datafusion*"]),
    ("mudeung-engine", &["actix*", "diesel*"]),
    ("mudeung-deid", &["actix*", "diesel*"]),
    ("mudeung-server", &["arrow*", "parquet*", "datafusion*", "object_store", "mudeung-engine", "mudeung-deid"]),
    ("mudeung-sdk", &["actix*", "diesel*", "datafusion*", "mdbook*"]),
    ("mudeung", &["mdbook*"]),
    ("xtask", &["mdbook*"]),
];

/// Crates that only the named rooms may list among their own dependencies.
const NAMED_BY: &[(&str, &[&str])] = &[
    ("diesel*", &["mudeung-store"]),
    ("libsqlite3-sys", &["mudeung-store"]),
    ("pq-sys", &["mudeung-store"]),
    ("datafusion*", &["mudeung-engine"]),
    ("object_store", &["mudeung-engine"]),
    ("arrow*", &["mudeung-engine", "mudeung-deid", "mudeung-synth", "mudeung-sdk"]),
    ("parquet*", &["mudeung-engine", "mudeung-deid", "mudeung-sdk"]),
    ("actix-web*", &["mudeung-server"]),
    ("krilla*", &["mudeung-paper"]),
    ("mudeung-deid", &["mudeung"]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Linked into what ships, or run while it is built.
    Ships,
    /// Seen by tests, examples and benchmarks alone.
    Tests,
}

/// Who depends on whom. Nodes are package ids, since one name may stand for several versions.
#[derive(Default)]
struct Graph {
    names: BTreeMap<String, String>,
    edges: BTreeMap<String, BTreeSet<(String, Kind)>>,
    members: BTreeSet<String>,
}

impl Graph {
    fn of_this_workspace() -> Self {
        let mut command = MetadataCommand::new();
        command.current_dir(crate::machine::root()).other_options(["--filter-platform".to_owned(), host()]);
        let metadata = command.exec().unwrap();
        let mut graph = Self::default();
        for package in &metadata.packages {
            graph.names.insert(package.id.repr.clone(), package.name.to_string());
        }
        graph.members = metadata.workspace_members.iter().map(|id| id.repr.clone()).collect();
        for node in metadata.resolve.unwrap().nodes {
            let edges = graph.edges.entry(node.id.repr).or_default();
            for dependency in node.deps {
                for kind in dependency.dep_kinds {
                    let kind = if kind.kind == DependencyKind::Development { Kind::Tests } else { Kind::Ships };
                    edges.insert((dependency.pkg.repr.clone(), kind));
                }
            }
        }
        graph
    }

    /// A made-up graph whose members are the nodes that have a line in `ROOMS` or are named `mudeung-…`.
    fn of(edges: &[(&str, &str, Kind)]) -> Self {
        let mut graph = Self::default();
        for (from, to, kind) in edges {
            for name in [from, to] {
                graph.names.insert((*name).to_owned(), (*name).to_owned());
                if name.starts_with("mudeung") {
                    graph.members.insert((*name).to_owned());
                }
            }
            graph.edges.entry((*from).to_owned()).or_default().insert(((*to).to_owned(), *kind));
        }
        graph
    }

    fn direct(&self, id: &str, kind: Kind) -> BTreeSet<&str> {
        let edges = self.edges.get(id).into_iter().flatten();
        edges.filter(|edge| edge.1 == kind).map(|edge| edge.0.as_str()).collect()
    }

    /// The ways from a node to all that it reaches in code that ships: each node with the one before it.
    fn reached(&self, start: &str) -> BTreeMap<&str, String> {
        let mut ways: BTreeMap<&str, String> = BTreeMap::new();
        let mut open = vec![(start, self.names[start].clone())];
        while let Some((id, way)) = open.pop() {
            for next in self.direct(id, Kind::Ships) {
                if !ways.contains_key(next) {
                    let way = format!("{way} -> {}", self.names[next]);
                    ways.insert(next, way.clone());
                    open.push((next, way));
                }
            }
        }
        ways
    }
}

/// The platform that is built for, since other platforms' dependencies do not ship from here.
pub(crate) fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

fn line<'t>(table: &'t [(&str, &'t [&'t str])], name: &str) -> Option<&'t [&'t str]> {
    table.iter().find(|row| row.0 == name).map(|row| row.1)
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

/// Every forbidden edge, each as one sentence.
fn violations(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for member in &graph.members {
        let name = graph.names[member].as_str();
        let Some(allowed) = line(ROOMS, name) else {
            found.push(format!("{name} has no line in the table of rooms"));
            continue;
        };
        let in_tests = line(ROOMS_IN_TESTS, name).unwrap_or_default();
        for (kind, word) in [(Kind::Ships, "depends on"), (Kind::Tests, "in its tests depends on")] {
            for id in graph.direct(member, kind) {
                let other = graph.names[id].as_str();
                let may = allowed.contains(&other) || (kind == Kind::Tests && in_tests.contains(&other));
                if graph.members.contains(id) && !may {
                    found.push(format!("{name} {word} {other}"));
                }
                for (pattern, rooms) in NAMED_BY {
                    if kind == Kind::Ships && matches(pattern, other) && !rooms.contains(&name) {
                        found.push(format!("{name} names {other}, which only {} may", rooms.join(", ")));
                    }
                }
            }
        }
        let forbidden = line(UNREACHABLE, name).unwrap_or_default();
        for (id, way) in graph.reached(member) {
            if forbidden.iter().any(|pattern| matches(pattern, &graph.names[id])) {
                found.push(format!("{name} reaches {}: {way}", graph.names[id]));
            }
        }
    }
    found
}

#[test]
fn no_room_sees_what_it_may_not_see() {
    let graph = Graph::of_this_workspace();
    assert_eq!(graph.members.len(), ROOMS.len(), "the table of rooms lists exactly the members of the workspace");
    let found = violations(&graph);
    assert!(found.is_empty(), "forbidden edges:\n{}", found.join("\n"));
}

#[test]
fn a_forbidden_edge_between_rooms_is_found() {
    let bad = Graph::of(&[("mudeung-core", "mudeung-store", Kind::Ships)]);
    assert_eq!(violations(&bad), ["mudeung-core depends on mudeung-store"]);
    let bad = Graph::of(&[("mudeung-server", "mudeung-engine", Kind::Tests)]);
    assert_eq!(violations(&bad), ["mudeung-server in its tests depends on mudeung-engine"]);
}

#[test]
fn an_edge_that_is_allowed_in_tests_is_forbidden_in_what_ships() {
    assert!(violations(&Graph::of(&[("mudeung", "mudeung-sdk", Kind::Tests)])).is_empty());
    let bad = Graph::of(&[("mudeung", "mudeung-sdk", Kind::Ships)]);
    assert_eq!(violations(&bad), ["mudeung depends on mudeung-sdk"]);
}

#[test]
fn a_heavy_crate_is_found_behind_others_with_its_way() {
    let bad = Graph::of(&[
        ("mudeung-core", "left", Kind::Ships),
        ("left", "right", Kind::Ships),
        ("right", "tokio", Kind::Ships),
    ]);
    assert_eq!(violations(&bad), ["mudeung-core reaches tokio: mudeung-core -> left -> right -> tokio"]);
    let fine = Graph::of(&[("mudeung-core", "proptest", Kind::Tests), ("proptest", "tokio", Kind::Ships)]);
    assert!(violations(&fine).is_empty(), "what tests see does not ship");
}

#[test]
fn a_backend_crate_named_outside_its_room_is_found() {
    let bad = Graph::of(&[("mudeung", "datafusion-common", Kind::Ships)]);
    assert_eq!(violations(&bad), ["mudeung names datafusion-common, which only mudeung-engine may"]);
    let bad = Graph::of(&[("mudeung-server", "diesel", Kind::Ships)]);
    assert_eq!(violations(&bad), ["mudeung-server names diesel, which only mudeung-store may"]);
    let bad = Graph::of(&[("mudeung-sdk", "mudeung-deid", Kind::Ships)]);
    assert_eq!(
        violations(&bad),
        ["mudeung-sdk depends on mudeung-deid", "mudeung-sdk names mudeung-deid, which only mudeung may"]
    );
}

#[test]
fn a_crate_without_a_line_in_the_table_is_found() {
    let bad = Graph::of(&[("mudeung-extra", "serde", Kind::Ships)]);
    assert_eq!(violations(&bad), ["mudeung-extra has no line in the table of rooms"]);
}
