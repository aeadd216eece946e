//! Where to draw what: a graph without cycles in layers, each node above all that it needs. Pure, and
//! in whole numbers, so that the same graph is drawn the same everywhere.
//!
//! The usual four steps: each node gets a layer; an edge gets a stand-in in each layer that it passes,
//! and one with its label in a layer between; the layers are sorted so that few edges cross; and each
//! is moved to below and above what it belongs to.

mod crossings;
mod straight;

/// The space between two neighbours in a layer, and between two layers.
const GAP: Size = Size { width: 28, height: 22 };

/// The space that an edge takes where it passes a layer.
const PASSAGE: Size = Size { width: 4, height: 0 };

/// The space between two edges at one side of a box.
const PORT: i32 = 22;

/// How large something is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// From left to right.
    pub width: i32,
    /// From top to bottom.
    pub height: i32,
}

/// Where something is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
}

/// An edge.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// The number of the node that needs.
    pub from: usize,
    /// The number of the node that is needed.
    pub to: usize,
    /// How large its label is.
    pub label: Size,
}

/// A graph with a place for everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// How large the whole is.
    pub size: Size,
    /// The middle of each node.
    pub boxes: Vec<Place>,
    /// The way of each edge.
    pub routes: Vec<Route>,
}

/// The way of an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// From its node to the one that is needed.
    pub points: Vec<Place>,
    /// The middle of its label.
    pub label: Place,
}

/// Something that takes space in a layer: a node, a label, or an edge that passes.
#[derive(Debug, Clone)]
struct Cell {
    size: Size,
    layer: usize,
    /// The cells right above and below that it is connected to.
    above: Vec<usize>,
    below: Vec<usize>,
}

/// The cells, and their order in each layer.
#[derive(Debug)]
struct Grid {
    cells: Vec<Cell>,
    layers: Vec<Vec<usize>>,
    /// The cells along each edge, from node to node.
    chains: Vec<Vec<usize>>,
}

/// Draws a graph without cycles, given how large its nodes are.
pub fn draw(nodes: &[Size], links: &[Link]) -> Drawing {
    let mut grid = Grid::new(nodes, links);
    crossings::lessen(&mut grid);
    let across = straight::places(&grid);
    let down = grid.down();
    let place = |cell: usize| Place { x: across[cell], y: down[cell] };
    let left = |cell: &usize| across[*cell] - grid.cells[*cell].size.width / 2;
    let right = |cell: &usize| across[*cell] + grid.cells[*cell].size.width / 2;
    let all = || 0..grid.cells.len();
    let start = all().map(|cell| left(&cell)).min().unwrap_or_default();
    let end = all().map(|cell| right(&cell)).max().unwrap_or_default();
    let height = all().map(|cell| down[cell] + grid.cells[cell].size.height / 2).max();
    let shifted = |place: Place| Place { x: place.x - start, ..place };
    let routes = grid.chains.iter().map(|chain| {
        let points = grid.way(chain, &across, &down).into_iter().map(shifted).collect();
        // The label stands right above the node that is needed.
        Route { points, label: shifted(place(chain[chain.len() - 2])) }
    });
    Drawing {
        size: Size { width: end - start, height: height.unwrap_or_default() },
        boxes: (0..nodes.len()).map(|node| shifted(place(node))).collect(),
        routes: routes.collect(),
    }
}

/// The layer of each node: right below the lowest of those that need it.
fn ranks(nodes: usize, links: &[Link]) -> Vec<usize> {
    let mut ranks = vec![0; nodes];
    // Without cycles no way is longer than this.
    for _ in 0..nodes {
        for link in links {
            ranks[link.to] = ranks[link.to].max(ranks[link.from] + 1);
        }
    }
    ranks
}

impl Grid {
    /// Nodes are in the even layers, the labels of edges in the odd ones.
    fn new(nodes: &[Size], links: &[Link]) -> Self {
        let ranks = ranks(nodes.len(), links);
        let count = 2 * ranks.iter().max().map_or(0, |last| last + 1);
        let mut grid = Self {
            cells: Vec::new(),
            layers: vec![Vec::new(); count.saturating_sub(1)],
            chains: Vec::new(),
        };
        for (size, rank) in nodes.iter().zip(&ranks) {
            grid.add(*size, 2 * rank);
        }
        for link in links {
            let last = 2 * ranks[link.to] - 1;
            let passed = 2 * ranks[link.from] + 1..=last;
            let mut chain = vec![link.from];
            chain
                .extend(passed.map(|layer| {
                    grid.add(if layer == last { link.label } else { PASSAGE }, layer)
                }));
            chain.push(link.to);
            for pair in chain.windows(2) {
                grid.cells[pair[0]].below.push(pair[1]);
                grid.cells[pair[1]].above.push(pair[0]);
            }
            grid.chains.push(chain);
        }
        grid
    }

    fn add(&mut self, size: Size, layer: usize) -> usize {
        let cell = self.cells.len();
        self.cells.push(Cell { size, layer, above: Vec::new(), below: Vec::new() });
        self.layers[layer].push(cell);
        cell
    }

    /// How high a layer is.
    fn height(&self, layer: &[usize]) -> i32 {
        layer.iter().map(|cell| self.cells[*cell].size.height).max().unwrap_or_default()
    }

    /// How far down the middle of each cell is.
    fn down(&self) -> Vec<i32> {
        let mut down = vec![0; self.cells.len()];
        let mut top = 0;
        for layer in &self.layers {
            let height = self.height(layer);
            for cell in layer {
                down[*cell] = top + height / 2;
            }
            top += height + GAP.height;
        }
        down
    }

    /// The way along the cells of an edge: from the lower side of the first to the upper of the last,
    /// and straight down through the layers between.
    fn way(&self, chain: &[usize], across: &[i32], down: &[i32]) -> Vec<Place> {
        let [first, between @ .., last] = chain else { return Vec::new() };
        let half = |cell: usize| self.height(&self.layers[self.cells[cell].layer]) / 2;
        let start = port(between[0], &self.cells[*first].below, across);
        let end = port(between[between.len() - 1], &self.cells[*last].above, across);
        let mut way = vec![Place { x: across[*first] + start, y: down[*first] + half(*first) }];
        for cell in between {
            let (x, y) = (across[*cell], down[*cell]);
            way.extend([Place { x, y: y - half(*cell) }, Place { x, y: y + half(*cell) }]);
        }
        way.push(Place { x: across[*last] + end, y: down[*last] - half(*last) });
        way
    }
}

/// Where on its side of a box the edge to a neighbour begins, from the middle: in the neighbours'
/// order, so that no two cross there.
fn port(neighbour: usize, all: &[usize], across: &[i32]) -> i32 {
    let mut sorted = all.to_vec();
    sorted.sort_by_key(|cell| (across[*cell], *cell));
    let count = i32::try_from(all.len()).unwrap_or_default();
    let index = sorted.iter().position(|cell| *cell == neighbour).unwrap_or_default();
    let index = i32::try_from(index).unwrap_or_default();
    (2 * index - (count - 1)) * PORT / 2
}

#[cfg(test)]
mod tests;
