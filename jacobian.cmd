@echo off
rem Starts Jacobian: finds a JDK 25, builds the project when it is not built, runs.
rem JACOBIAN_OPTS holds further options for java. After changing sources: mvn -Dfast package
setlocal
set "home=%~dp0"
set "dist=%home%examples\target\dist"
set "tools=%home%benchmarks\target\dist"
set "jdk="
set "tool="
set "rest="

if defined JAVA_HOME call :consider "%JAVA_HOME%"
for /f "delims=" %%j in ('where java 2^>nul') do call :consider "%%~dpj.."
for /d %%d in (
    "%ProgramFiles%\Eclipse Adoptium\*" "%ProgramFiles%\Java\*" "%ProgramFiles%\Microsoft\*"
    "%ProgramFiles%\Zulu\*" "%ProgramFiles%\Amazon Corretto\*" "%ProgramFiles%\BellSoft\*" "%USERPROFILE%\.jdks\*"
) do call :consider "%%~d"
if not defined jdk (
    echo jacobian: found no JDK 25, version 25.0.3 or newer; install one ^(for example Eclipse Temurin 25^) or set JAVA_HOME 1>&2
    exit /b 1
)

if "%~1"=="gpu-check" set "tool=GpuCheck"
if "%~1"=="bench" set "tool=Bench"
if defined tool goto tool
if not exist "%dist%\stamp" call :build "about 10 s" -Dfast package || exit /b 1
"%jdk%\bin\java.exe" --add-modules=dev.jacobian.core,dev.jacobian.cpu,jdk.incubator.vector ^
    --enable-native-access=ALL-UNNAMED,dev.jacobian.core,dev.jacobian.cpu "-Djacobian.home=%home%." %JACOBIAN_OPTS% ^
    -p "%dist%\mods" -cp "%dist%\lib\*" dev.jacobian.examples.Main %*
exit /b %errorlevel%

rem The check of a graphics card and the benchmark, with the tests and libraries that they need.
:tool
if not exist "%tools%\stamp" call :build "about a minute" -DskipTests -pl benchmarks -am package || exit /b 1
rem What follows the first word; neither the list by number nor quotes around the whole keep commas and bars.
set args=%*
if "%tool%"=="Bench" set rest=%args:*bench=%
if "%tool%"=="GpuCheck" set rest=%args:*gpu-check=%
"%jdk%\bin\java.exe" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED "-Djacobian.home=%home%." ^
    %JACOBIAN_OPTS% -cp "%tools%\lib\*" dev.jacobian.benchmarks.%tool% %rest%
exit /b %errorlevel%

rem Builds with Maven; %1 says how long that takes, the rest are Maven's arguments.
:build
where mvn >nul 2>nul
if errorlevel 1 (
    echo jacobian: must be built first, and mvn is not on the PATH; install Maven 3.8 or newer 1>&2
    exit /b 1
)
echo jacobian: building with Maven (%~1; the first time it also downloads) 1>&2
set "JAVA_HOME=%jdk%"
pushd "%home%"
call mvn -B -q %2 %3 %4 %5 %6 1>&2
if errorlevel 1 (
    popd
    echo jacobian: the build failed; its messages are above 1>&2
    exit /b 1
)
popd
exit /b 0

rem Takes the folder %1 if none is taken yet and it holds a JDK 25, 25.0.3 or newer: its release file says so.
:consider
if defined jdk exit /b 0
if not exist "%~1\bin\javac.exe" exit /b 0
findstr /r /c:"^JAVA_VERSION=.25\." "%~1\release" >nul 2>nul || exit /b 0
findstr /r /c:"^JAVA_VERSION=.25\.0\.[012][^0-9]" "%~1\release" >nul 2>nul && exit /b 0
set "jdk=%~f1"
exit /b 0
