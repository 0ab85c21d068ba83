package main

// RealMain is realMain.
var RealMain = realMain
