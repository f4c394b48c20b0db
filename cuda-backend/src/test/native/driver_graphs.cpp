// Graphs. A graph runs its nodes in an order that its edges allow; with lazy streams in the most
// unexpected such order, so that a missing edge shows.
#include "driver.h"

#include <algorithm>

namespace softcuda {

struct Graph {
    std::vector<std::unique_ptr<Node>> nodes;
};

namespace {

/** An instantiated graph: its nodes' work in the order of running, each with the node it was made from. */
struct Executable {
    struct Step {
        Node* origin;
        Work work;
        std::shared_ptr<Launch> launch;
    };
    std::vector<Step> steps;
};

auto& graphs = *new std::set<Graph*>;
auto& executables = *new std::map<Executable*, std::shared_ptr<Executable>>;

/** Nodes in an order of running; empty when edges form a cycle. */
std::vector<Node*> order(const Graph& graph) {
    std::vector<Node*> ordered;
    std::set<Node*> placed;
    std::vector<Node*> left;
    for (const auto& node : graph.nodes) {
        left.push_back(node.get());
    }
    if (settings().lazy == 1) {
        std::reverse(left.begin(), left.end());
    }
    while (!left.empty()) {
        auto next = std::find_if(left.begin(), left.end(), [&](Node* node) {
            return std::all_of(node->dependencies.begin(), node->dependencies.end(),
                               [&](Node* dependency) { return placed.count(dependency) != 0; });
        });
        if (next == left.end()) {
            return {};
        }
        placed.insert(*next);
        ordered.push_back(*next);
        left.erase(next);
    }
    return ordered;
}

int instantiate(Executable** handle, Graph* graph) {
    if (graphs.count(graph) == 0) {
        return INVALID_HANDLE;
    }
    std::vector<Node*> ordered = order(*graph);
    if (ordered.size() != graph->nodes.size()) {
        return report(INVALID_VALUE, "the graph has a cycle");
    }
    auto executable = std::make_shared<Executable>();
    for (Node* node : ordered) {
        executable->steps.push_back({node, node->work, node->launch});
    }
    *handle = executable.get();
    executables[*handle] = executable;
    tally(EXECUTABLES, 1);
    return SUCCESS;
}

bool contains(const Graph& graph, const Node* node) {
    return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                       [&](const auto& candidate) { return candidate.get() == node; });
}

Node* findNode(Node* node) {
    for (const Graph* graph : graphs) {
        if (contains(*graph, node)) {
            return node;
        }
    }
    return nullptr;
}

/** Copies handles into the caller's array as far as it reaches; without an array only counts them. */
int listNodes(const std::vector<Node*>& found, Node** nodes, size_t* size) {
    if (nodes != nullptr) {
        for (size_t i = 0; i < *size; i++) {
            nodes[i] = i < found.size() ? found[i] : nullptr;
        }
        *size = std::min(*size, found.size());
    } else {
        *size = found.size();
    }
    return SUCCESS;
}

struct KernelNodeParameters {
    void* function;
    unsigned gridX, gridY, gridZ;
    unsigned blockX, blockY, blockZ;
    unsigned sharedBytes;
    void** parameters;
    void** extra;
};

struct MemsetNodeParameters {
    DevicePointer target;
    size_t pitch;
    unsigned value;
    unsigned elementSize;
    size_t width;
    size_t height;
};

struct HostNodeParameters {
    void (*function)(void*);
    void* data;
};

int prepare(Context& context, const KernelNodeParameters& p, std::shared_ptr<Launch>* launch) {
    LaunchShape shape = {{p.gridX, p.gridY, p.gridZ}, {p.blockX, p.blockY, p.blockZ}, p.sharedBytes};
    return prepareLaunch(context, p.function, shape, p.parameters, p.extra, launch);
}

Work workOf(Context& context, std::shared_ptr<Launch> launch) {
    return [&context, launch] { runLaunch(context, *launch); };
}

void fill(const MemsetNodeParameters& p) {
    for (size_t row = 0; row < p.height; row++) {
        char* at = reinterpret_cast<char*>(p.target + row * p.pitch);
        for (size_t i = 0; i < p.width * p.elementSize; i++) {
            at[i] = char(p.value >> (8 * (i % p.elementSize)));
        }
    }
}

/** Adds a node with the given dependencies, all of which must be the graph's. */
int add(Node** handle, Graph* graph, Node* const* dependencies, size_t size, NodeKind kind, Work work,
        std::shared_ptr<Launch> launch = nullptr) {
    if (graphs.count(graph) == 0) {
        return INVALID_HANDLE;
    }
    std::vector<Node*> before(dependencies, dependencies + size);
    for (Node* dependency : before) {
        if (!contains(*graph, dependency)) {
            return INVALID_VALUE;
        }
    }
    *handle = addNode(*graph, kind, std::move(work), std::move(launch), std::move(before));
    return SUCCESS;
}

}

Graph* newGraph() {
    tally(GRAPHS, 1);
    return *graphs.insert(new Graph).first;
}

bool deleteGraph(Graph* graph) {
    if (graphs.erase(graph) == 0) {
        return false;
    }
    delete graph;
    tally(GRAPHS, -1);
    return true;
}

Node* addNode(Graph& graph, NodeKind kind, Work work, std::shared_ptr<Launch> launch, std::vector<Node*> dependencies) {
    graph.nodes.push_back(std::make_unique<Node>());
    *graph.nodes.back() = {kind, std::move(work), std::move(launch), std::move(dependencies)};
    return graph.nodes.back().get();
}

std::set<Node*> ancestors(const std::vector<Node*>& nodes) {
    std::set<Node*> found;
    std::vector<Node*> open = nodes;
    while (!open.empty()) {
        Node* node = open.back();
        open.pop_back();
        if (found.insert(node).second) {
            open.insert(open.end(), node->dependencies.begin(), node->dependencies.end());
        }
    }
    return found;
}

}

using namespace softcuda;

// ---- graphs ----

SOFTCUDA_API int cuGraphCreate(Graph** graph, unsigned) {
    return inContext([&](Context&) {
        *graph = newGraph();
        return SUCCESS;
    });
}

SOFTCUDA_API int cuGraphDestroy(Graph* graph) {
    return inContext([&](Context&) { return deleteGraph(graph) ? SUCCESS : INVALID_HANDLE; });
}

SOFTCUDA_API int cuGraphInstantiateWithFlags(Executable** executable, Graph* graph, unsigned long long) {
    return inContext([&](Context&) { return instantiate(executable, graph); });
}

SOFTCUDA_API int cuGraphUpload(Executable* executable, void*) {
    return inContext([&](Context&) { return executables.count(executable) ? SUCCESS : INVALID_HANDLE; });
}

SOFTCUDA_API int cuGraphLaunch(Executable* handle, void* streamHandle) {
    return inContext([&](Context& context) -> int {
        std::shared_ptr<Stream> stream = streamOf(context, streamHandle);
        auto found = executables.find(handle);
        if (stream == nullptr || found == executables.end()) {
            return INVALID_HANDLE;
        }
        if (settings().null) {
            return SUCCESS;
        }
        // the steps are copied: later changes of the executable do not touch launches already made
        return enqueue(stream, CHILD, [&context, steps = found->second->steps] {
            for (const Executable::Step& step : steps) {
                if (step.work && context.sticky == SUCCESS) {
                    step.work();
                }
            }
        });
    });
}

SOFTCUDA_API int cuGraphExecDestroy(Executable* executable) {
    return inContext([&](Context&) {
        if (executables.erase(executable) == 0) {
            return INVALID_HANDLE;
        }
        tally(EXECUTABLES, -1);
        return SUCCESS;
    });
}

SOFTCUDA_API int cuGraphGetNodes(Graph* graph, Node** nodes, size_t* size) {
    return inContext([&](Context&) -> int {
        if (graphs.count(graph) == 0) {
            return INVALID_HANDLE;
        }
        std::vector<Node*> all;
        for (const auto& node : graph->nodes) {
            all.push_back(node.get());
        }
        return listNodes(all, nodes, size);
    });
}

SOFTCUDA_API int cuGraphGetRootNodes(Graph* graph, Node** nodes, size_t* size) {
    return inContext([&](Context&) -> int {
        if (graphs.count(graph) == 0) {
            return INVALID_HANDLE;
        }
        std::vector<Node*> roots;
        for (const auto& node : graph->nodes) {
            if (node->dependencies.empty()) {
                roots.push_back(node.get());
            }
        }
        return listNodes(roots, nodes, size);
    });
}

SOFTCUDA_API int cuGraphNodeGetDependencies(Node* node, Node** nodes, size_t* size) {
    return inContext([&](Context&) -> int {
        return findNode(node) == nullptr ? int(INVALID_HANDLE) : listNodes(node->dependencies, nodes, size);
    });
}

SOFTCUDA_API int cuGraphNodeGetType(Node* node, int* type) {
    return inContext([&](Context&) -> int {
        if (findNode(node) == nullptr) {
            return INVALID_HANDLE;
        }
        *type = node->kind;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuGraphAddDependencies(Graph* graph, Node* const* from, Node* const* to, size_t size) {
    return inContext([&](Context&) -> int {
        if (graphs.count(graph) == 0) {
            return INVALID_HANDLE;
        }
        for (size_t i = 0; i < size; i++) {
            if (!contains(*graph, from[i]) || !contains(*graph, to[i])) {
                return INVALID_VALUE;
            }
            to[i]->dependencies.push_back(from[i]);
        }
        return SUCCESS;
    });
}

// ---- nodes ----

SOFTCUDA_API int cuGraphAddEmptyNode(Node** node, Graph* graph, Node* const* dependencies, size_t size) {
    return inContext([&](Context&) { return add(node, graph, dependencies, size, EMPTY, nullptr); });
}

SOFTCUDA_API int cuGraphAddKernelNode_v2(Node** node, Graph* graph, Node* const* dependencies, size_t size,
                                         const KernelNodeParameters* parameters) {
    return inContext([&](Context& context) -> int {
        std::shared_ptr<Launch> launch;
        int error = prepare(context, *parameters, &launch);
        return error ? error : add(node, graph, dependencies, size, KERNEL, workOf(context, launch), launch);
    });
}

SOFTCUDA_API int cuGraphAddMemsetNode(Node** node, Graph* graph, Node* const* dependencies, size_t size,
                                      const MemsetNodeParameters* parameters, Context*) {
    return inContext([&](Context&) {
        return add(node, graph, dependencies, size, MEMSET, [p = *parameters] { fill(p); });
    });
}

SOFTCUDA_API int cuGraphAddHostNode(Node** node, Graph* graph, Node* const* dependencies, size_t size,
                                    const HostNodeParameters* parameters) {
    return inContext([&](Context&) {
        return add(node, graph, dependencies, size, HOST, [p = *parameters] { p.function(p.data); });
    });
}

SOFTCUDA_API int cuGraphKernelNodeSetParams_v2(Node* node, const KernelNodeParameters* parameters) {
    return inContext([&](Context& context) -> int {
        if (findNode(node) == nullptr || node->kind != KERNEL) {
            return INVALID_HANDLE;
        }
        int error = prepare(context, *parameters, &node->launch);
        node->work = workOf(context, node->launch);
        return error;
    });
}

SOFTCUDA_API int cuGraphExecKernelNodeSetParams_v2(Executable* executable, Node* node,
                                                   const KernelNodeParameters* parameters) {
    return inContext([&](Context& context) -> int {
        auto found = executables.find(executable);
        if (found == executables.end()) {
            return INVALID_HANDLE;
        }
        for (Executable::Step& step : found->second->steps) {
            if (step.origin == node && step.launch != nullptr) {
                std::shared_ptr<Launch> launch;
                int error = prepare(context, *parameters, &launch);
                if (error == SUCCESS) {
                    step.launch = launch;
                    step.work = workOf(context, launch);
                }
                return error;
            }
        }
        return INVALID_VALUE;
    });
}
