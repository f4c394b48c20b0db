package dev.jacobian.examples.script;

import dev.jacobian.examples.Failure;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Runs one Java source file in this program: compiles it once, keeps the classes, and starts {@code main} by the rules of
 * Java's own launcher (static or not, public or not, with or without arguments).
 */
public final class ScriptRunner {

    private final ScriptCache cache;

    /**
     * A runner that keeps classes in a folder.
     *
     * @param cache the folder; made when needed
     */
    public ScriptRunner(Path cache) {
        this(new ScriptCache(cache, new ScriptCompiler()));
    }

    ScriptRunner(ScriptCache cache) {
        this.cache = cache;
    }

    /**
     * Compiles if needed, and runs.
     *
     * @param script a source file
     * @param arguments what its {@code main} receives
     * @throws Failure if the file is missing, has errors or has no main method
     * @throws ScriptException if the script threw
     */
    public void run(Path script, String... arguments) throws ScriptException {
        ScriptCache.Entry entry = cache.entry(script);
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (var loader = new URLClassLoader(new URL[] {url(entry.classes())}, ScriptRunner.class.getClassLoader())) {
            thread.setContextClassLoader(loader);
            start(script, loader.loadClass(entry.main()), arguments);
        } catch (ClassNotFoundException | IOException broken) {
            throw new Failure("run: cannot load the classes of " + script + " from " + entry.classes()
                    + "; delete that folder and run again", broken);
        } finally {
            thread.setContextClassLoader(before);
            if (entry.temporary()) {
                deleteQuietly(entry.classes());
            }
        }
    }

    private static void start(Path script, Class<?> type, String[] arguments) throws ScriptException {
        Method main = findMain(script, type);
        main.setAccessible(true);
        try {
            Object self = Modifier.isStatic(main.getModifiers()) ? null : instance(script, type);
            if (main.getParameterCount() == 0) {
                main.invoke(self);
            } else {
                main.invoke(self, (Object) arguments);
            }
        } catch (InvocationTargetException thrown) {
            throw new ScriptException(thrown.getCause(), type.getClassLoader());
        } catch (IllegalAccessException impossible) {
            throw new IllegalStateException("the script's main was made accessible", impossible);
        }
    }

    /** With arguments first, then without; in the class, then in what it extends. */
    private static Method findMain(Path script, Class<?> type) {
        Method found = findMain(type, String[].class);
        if (found == null) {
            found = findMain(type);
        }
        if (found == null) {
            throw new Failure("run: " + script + " has no main method; add void main() { ... }");
        }
        return found;
    }

    private static Method findMain(Class<?> type, Class<?>... parameters) {
        for (Class<?> at = type; at != null; at = at.getSuperclass()) {
            for (Method method : at.getDeclaredMethods()) {
                if (method.getName().equals("main") && Arrays.equals(method.getParameterTypes(), parameters)
                        && method.getReturnType() == void.class && !Modifier.isPrivate(method.getModifiers())) {
                    return method;
                }
            }
        }
        return null;
    }

    private static Object instance(Path script, Class<?> type) throws InvocationTargetException {
        try {
            Constructor<?> constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            return constructor.newInstance();
        } catch (NoSuchMethodException | InstantiationException | IllegalAccessException unusable) {
            throw new Failure("run: " + script + ": main is not static, and " + type.getName()
                    + " has no constructor without arguments", unusable);
        }
    }

    private static URL url(Path folder) throws MalformedURLException {
        return folder.toUri().toURL();
    }

    private static void deleteQuietly(Path folder) {
        try {
            ScriptCache.delete(folder);
        } catch (IOException kept) {
            System.err.println("jacobian: could not delete " + folder + ": " + kept.getMessage());
        }
    }
}
